import type { AppId } from '../model/ids.ts';
import { baseUrl, type Asked } from './base-url.ts';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;

export type Resource = 'sources' | 'slugs';

/** Where a client uploads a source or a slug; for an hour. */
export function uploadUrl(call: Asked, resource: Resource, id: string): string {
  const expiresAt = new Date(Date.now() + hourMs);
  return baseUrl(call) + call.platform.signer.sign('PUT', `/${resource}/${id}.tgz`, expiresAt);
}

/** Where a source or a slug is read. */
export function downloadUrl(call: Asked, resource: Resource, id: string): string {
  return baseUrl(call) + call.platform.signer.sign('GET', `/${resource}/${id}.tgz`, tomorrowNight());
}

/** Where the output of a build or of a release command is read. */
export function streamUrl(call: Asked, appId: AppId, id: string): string {
  return baseUrl(call) + call.platform.signer.sign('GET', streamPath(appId, id), tomorrowNight());
}

export function streamPath(appId: AppId, id: string): string {
  return `/streams/${appId}/${id}`;
}

/** At least a day from now, and the same for a whole day: an answer that has not changed has the same URL in it. */
function tomorrowNight(): Date {
  return new Date((Math.floor(Date.now() / dayMs) + 2) * dayMs);
}
