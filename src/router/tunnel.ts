import type { Duplex } from 'node:stream';
import type { RouterFailure } from './h-codes.ts';
import { pairs } from './headers.ts';
import type { PatienceRules } from './patience.ts';

interface End {
  readonly socket: Duplex;
  /** What was read of it already. */
  readonly head: Buffer;
}

/** Writes a response head by hand, where no parser owns the connection (any more). */
export function writeHead(socket: Duplex, status: number, message: string, headers: readonly string[]): void {
  const lines = [...pairs(headers)].map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${message}\r\n${lines.join('')}\r\n`, 'latin1');
}

/**
 * Joins two connections byte by byte until both have ended. Ends them when nothing has moved for `idleMs`
 * (H15, as Heroku does with WebSockets), unless only the client's stalls count.
 */
export function tunnel(
  client: End,
  backend: End,
  rules: PatienceRules,
): Promise<{ bytes: number; failure: RouterFailure | null }> {
  return new Promise((resolve) => {
    let bytes = backend.head.length;
    let failure: RouterFailure | null = null;
    let open = 2;
    const destroy = (): void => {
      client.socket.destroy();
      backend.socket.destroy();
    };
    const timer = setTimeout(() => {
      if (rules.onlyClient && !client.socket.writableNeedDrain) {
        timer.refresh();
        return;
      }
      failure = { code: 'H15' };
      destroy();
    }, rules.idleMs);
    for (const { socket } of [client, backend]) {
      // A connection that breaks ends the tunnel; it is not a failure of the request, which was answered with 101.
      socket.on('error', destroy);
      socket.on('data', () => timer.refresh());
      const closed = (): void => {
        if (!socket.readableEnded) destroy();
        if (--open > 0) return;
        clearTimeout(timer);
        resolve({ bytes, failure });
      };
      if (socket.closed) setImmediate(closed);
      else socket.on('close', closed);
    }
    backend.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    if (backend.head.length > 0) client.socket.write(backend.head);
    if (client.head.length > 0) backend.socket.write(client.head);
    client.socket.pipe(backend.socket);
    backend.socket.pipe(client.socket);
  });
}
