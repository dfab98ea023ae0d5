import type { ApiCall } from './api-call.ts';

/** Where the client reached the API, whatever it calls this host: it reaches what else we offer there too. No slash at the end. */
export function baseUrl({ request, platform }: ApiCall): string {
  return /^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(request.host)
    ? `${request.protocol}://${request.host}`
    : platform.urls.api;
}
