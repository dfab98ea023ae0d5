import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { hostOf } from '../lib/http-target.ts';
import { OutboundRefusedError, type Outbound } from '../lib/outbound.ts';

/** What a pusher's submodules may be fetched from. */
export interface FetchGuard {
  readonly outbound: Outbound;
  /** The pusher may have addresses of this machine and of private networks called: the operator may. */
  readonly mayReachLoopback: boolean;
  /** HOKKU_PRIVATE_SOURCES: open to everybody. */
  readonly privateOrigins: readonly string[];
}

export type GuardedUrl =
  | { readonly is: 'open'; readonly url: string; readonly config: readonly (readonly [string, string])[] }
  /** `isAnswer` false: its name could not be looked up, which may be better in a minute. */
  | { readonly is: 'refused'; readonly detail: string; readonly isAnswer: boolean };

const ports: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80, 'git:': 9418 };

/**
 * Judges the addresses that the URL's host has now, and holds git to them: a name that changes its address afterwards gains
 * nothing. (Git before 2.37 can't be held to them over http; git: is told the address itself.) Behind a proxy of the
 * operator's, names are the proxy's to find; what is known of them here is judged all the same.
 */
export async function guardUrl(
  given: string,
  guard: FetchGuard,
  env: Readonly<Record<string, string>>,
): Promise<GuardedUrl> {
  const url = new URL(given);
  if (guard.privateOrigins.includes(url.origin)) return { is: 'open', url: given, config: [] };
  const host = hostOf(url);
  const port = url.port === '' ? (ports[url.protocol] ?? 0) : Number(url.port);
  const target = { host, port, mayReachLoopback: guard.mayReachLoopback };
  try {
    guard.outbound.check(target);
    if (isIP(host) !== 0) return { is: 'open', url: given, config: [] };
    const addresses = await find(host, guard.outbound.lookup(target));
    if (url.protocol === 'git:') return { is: 'open', url: withAddress(url, addresses[0] ?? ''), config: [] };
    return { is: 'open', url: given, config: [['http.curloptResolve', `${host}:${port}:${addresses.join(',')}`]] };
  } catch (error) {
    if (error instanceof OutboundRefusedError) return { is: 'refused', detail: error.message, isAnswer: true };
    if (hasProxy(url.protocol, env)) return { is: 'open', url: given, config: [] };
    return { is: 'refused', detail: `Could not resolve host: ${host}`, isAnswer: false };
  }
}

function find(host: string, lookup: ReturnType<Outbound['lookup']>): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolve((found as LookupAddress[]).map(({ address }) => (isIP(address) === 6 ? `[${address}]` : address)));
    });
  });
}

function withAddress(url: URL, address: string): string {
  const direct = new URL(url);
  // A URL of a scheme that is not the web's takes no new host name through `hostname`.
  return direct.href.replace(/^(git:\/\/)[^/:]+/, `$1${address}`);
}

function hasProxy(protocol: string, env: Readonly<Record<string, string>>): boolean {
  const name = protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  if (protocol === 'git:') return false;
  return [name, name.toUpperCase(), 'all_proxy', 'ALL_PROXY'].some((key) => (env[key] ?? '') !== '');
}
