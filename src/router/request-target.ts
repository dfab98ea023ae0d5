import type { IncomingMessage } from 'node:http';
import { valuesOf } from './headers.ts';

export interface RequestTarget {
  readonly host: string;
  /** `/posts?page=2`, or `*` of OPTIONS. */
  readonly path: string;
}

const absoluteForm = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * Where a request goes. The absolute form (`GET http://host/path`) is taken apart, and refused when its host is not
 * the Host header's: proxy and dyno could otherwise read it differently. Null: refuse it. Source: RFC 9112, 3.2.
 */
export function targetOf(request: IncomingMessage): RequestTarget | null {
  const [host, ...others] = valuesOf(request.rawHeaders, 'host');
  const { method, url = '' } = request;
  if (host === undefined || others.length > 0) return null;
  if (url.startsWith('/')) return { host, path: url };
  if (url === '*') return method === 'OPTIONS' ? { host, path: url } : null;
  const [, authority, path = ''] = absoluteForm.exec(url) ?? [];
  if (authority?.toLowerCase() !== host.toLowerCase()) return null;
  return { host, path: path.startsWith('/') ? path : `/${path}` };
}
