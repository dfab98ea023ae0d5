import { createHash } from 'node:crypto';
import { join } from 'node:path';

const host = /^(?=.{1,253}(?::|$))[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/;
const maxNameBytes = 200;
const plainQuery = /^[\w.=&,+~-]{1,120}$/;

/** A folder of the mirror: `nodejs.org`, or `git.example.com:8443` for another port than those of http and https. */
export function isHost(name: string): boolean {
  return host.test(name);
}

/**
 * Where the mirror keeps what a URL leads to, below its folder: `<host>/<path>`, `index.html` for a path that ends with a
 * slash, and `<name>?<query>` with a query (`?sha256-<16 digits>` for a long one). Null: no file can be called so.
 */
export function mirrorPath(url: URL): string | null {
  const folder = url.host.toLowerCase();
  if (!isHost(folder)) return null;
  const names = url.pathname.split('/').slice(1).map(decoded);
  if (names.at(-1) === '') names.splice(-1, 1, 'index.html');
  if (!names.every(isName)) return null;
  const path = join(folder, ...(names as string[]));
  return url.search === '' ? path : path + queryName(url.search.slice(1));
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function isName(name: string | null): boolean {
  if (name === null || name === '' || name === '.' || name === '..') return false;
  return !/[/\0]/.test(name) && Buffer.byteLength(name) <= maxNameBytes;
}

function queryName(query: string): string {
  if (query === '') return '';
  if (plainQuery.test(query)) return `?${query}`;
  return `?sha256-${createHash('sha256').update(query).digest('hex').slice(0, 16)}`;
}
