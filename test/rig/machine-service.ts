import { createServer, type AddressInfo } from 'node:net';

/** A service of the machine, on a free port of this address. */
export async function listen(host: string): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => socket.destroy()).listen(0, host);
  await new Promise((resolve) => server.once('listening', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}
