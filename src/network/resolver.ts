import { isIPv4 } from 'node:net';
import { readIfThere } from '../lib/read-if-there.ts';

/** How names are resolved in a sandbox. */
export interface Resolver {
  /** Name servers in the network: port 53 of these is open to every sandbox. */
  readonly servers: readonly string[];
  /** The machine's own name server, on its loopback: reached by the bridge's address; null: none is needed. */
  readonly local: string | null;
  /** What `/etc/resolv.conf` has to hold in a sandbox, with `@` where the bridge's address goes; null: what the machine's holds. */
  readonly text: string | null;
}

/** systemd-resolved answers on its own loopback address only to what comes from the loopback; these are who it asks. */
const upstreamFile = '/run/systemd/resolve/resolv.conf';

/** Source: resolv.conf(5), systemd-resolved.service(8). `read`: null for a file that is not there. */
export function findResolver(read: (path: string) => string | null = readIfThere): Resolver {
  const own = read('/etc/resolv.conf') ?? '';
  const servers = serversIn(own);
  if (usable(servers).length > 0) return { servers: usable(servers), local: null, text: null };
  const upstream = read(upstreamFile) ?? '';
  const beyond = usable(serversIn(upstream));
  if (beyond.length > 0) return { servers: beyond, local: null, text: upstream };
  // No entry at all means the machine itself.
  const local = servers.find((address) => isIPv4(address)) ?? '127.0.0.1';
  const others = own.split('\n').filter((line) => !/^\s*nameserver\b/.test(line));
  return { servers: [], local, text: ['nameserver @', ...others].join('\n') };
}

function serversIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    return address === undefined ? [] : [address];
  });
}

function usable(servers: readonly string[]): readonly string[] {
  return servers.filter((address) => isIPv4(address) && !isLoopback(address));
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === '0.0.0.0';
}
