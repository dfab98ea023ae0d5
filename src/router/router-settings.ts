import { createHash } from 'node:crypto';
import { protocolVersion } from './control-protocol.ts';
import type { RouterLimits } from './limits.ts';

/** All that a router process is told at its start, as JSON on its standard input: the key is never in a file, argument or variable. */
export interface RouterSettings {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
  /** Another port, for clients that know no other one than 80; null: none. */
  readonly execPort: number | null;
  readonly domain: string;
  readonly platformSocket: string;
  /** Where the control plane takes connections that do not speak HTTP. */
  readonly rendezvousSocket: string;
  readonly controlSocket: string;
  readonly pidFile: string;
  readonly tls: { readonly cert: string; readonly key: string };
  /** Of Hokku. */
  readonly version: string;
  readonly limits: Partial<RouterLimits>;
}

/** What a router process says on its standard output, once: that it takes requests, or why not. */
export type StartReport =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'failed'; readonly code: string; readonly message: string; readonly port: number };

/** Two routers with the same fingerprint are the same but for their port. */
export function fingerprintOf(settings: RouterSettings): string {
  const { bind, execPort, domain, platformSocket, rendezvousSocket, tls, version, limits } = settings;
  const sockets = [platformSocket, rendezvousSocket];
  const facts = JSON.stringify([protocolVersion, version, bind, execPort, domain, sockets, tls.cert, tls.key, limits]);
  return createHash('sha256').update(facts).digest('hex');
}
