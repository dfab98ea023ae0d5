import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { readFirstLine } from './first-line.ts';
import type { RendezvousTools } from './rendezvous-tools.ts';
import { serveRendezvous } from './serve-rendezvous.ts';

/**
 * Takes the connections of the public port that do not speak HTTP; the router hands them on, each behind a line that says
 * what it is. Disposing closes all of them.
 */
export async function openRendezvous(path: string, tools: RendezvousTools): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    serve(socket, tools).catch((error: unknown) => {
      tools.logs.rendezvous.error({ err: error }, 'a client of a one-off dyno could not be served');
      socket.destroy();
    });
  });
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

async function serve(socket: Socket, tools: RendezvousTools): Promise<void> {
  const [protocol] = (await readFirstLine(socket))?.split(' ') ?? [];
  if (protocol === 'rendezvous') await serveRendezvous(socket, tools);
  else socket.destroy();
}
