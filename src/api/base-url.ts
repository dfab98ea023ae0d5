import type { ApiCall } from './api-call.ts';

/** The platform, and the request that is answered; none when a webhook is told of a thing. */
export type Asked = Pick<ApiCall, 'platform'> & Partial<Pick<ApiCall, 'request'>>;

/** Where the client reached the API, whatever it calls this host: it reaches what else we offer there too. No slash at the end. */
export function baseUrl({ request, platform }: Asked): string {
  return request !== undefined && /^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(request.host)
    ? `${request.protocol}://${request.host}`
    : platform.urls.api;
}
