import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { openRelay } from '../supervisor/index.ts';

/** Where a dyno is to be found that runs. It stays in the network that it was started in, whatever network new ones get. */
export interface DynoPlace {
  /** Its pid. */
  readonly supervisor: number;
  readonly hasOwnNetwork: boolean;
}

/** A connection to a port on a dyno's loopback. `inside`: a process in the dyno's own network; null: it is on the machine's. */
export async function connectTo(inside: number | null, port: number): Promise<Duplex> {
  if (inside !== null) return openRelay(inside, port);
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}
