import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttableLine extends AsyncDisposable {
  /** The same server, over this line. */
  readonly url: string;
  /**
   * Breaks the connection that sends these bytes next: `at once`, so that they never arrive, or when the server has
   * answered, so that its answer never arrives.
   */
  cutAfter(bytes: string, when: 'at once' | 'after the answer'): void;
  /** How many connections were broken. */
  cuts(): number;
}

/** A way to a server of TCP on which single messages get lost together with their connection. */
export async function cuttableLine(to: string): Promise<CuttableLine> {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  let [wanted, moment, cuts] = ['', 'at once', 0];
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    let isDoomed = false;
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    near.on('data', (chunk: Buffer) => {
      if (wanted !== '' && chunk.includes(wanted)) {
        wanted = '';
        cuts += 1;
        isDoomed = true;
        if (moment === 'at once') {
          cut();
          return;
        }
      }
      far.write(chunk);
    });
    far.on('data', (chunk: Buffer) => {
      if (isDoomed) cut();
      else near.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(to);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cutAfter: (bytes, when) => {
      [wanted, moment] = [bytes, when];
    },
    cuts: () => cuts,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
