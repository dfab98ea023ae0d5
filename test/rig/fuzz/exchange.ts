import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Heard {
  /** All that came back, as Latin-1. */
  readonly text: string;
  /** Of each answer in it that speaks HTTP. */
  readonly statuses: readonly number[];
  /** The other end closed the connection. */
  readonly isClosed: boolean;
}

/**
 * Sends bytes as they are, in pieces, then nothing more. Resolves when the other end has closed, or when it says nothing for
 * `quietMs`: it may still wait for the rest.
 */
export function exchange(
  port: number,
  pieces: readonly Buffer[],
  { tls = false, quietMs = 250 }: { readonly tls?: boolean; readonly quietMs?: number } = {},
): Promise<Heard> {
  return new Promise((resolve) => {
    const socket: Socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : createConnection({ port, host: '127.0.0.1' });
    let text = '';
    let isClosed = false;
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      resolve({ text, statuses, isClosed });
    };
    const timer = setTimeout(done, quietMs);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      timer.refresh();
    });
    socket.once('close', () => {
      isClosed = true;
      done();
    });
    for (const piece of pieces) socket.write(piece);
  });
}
