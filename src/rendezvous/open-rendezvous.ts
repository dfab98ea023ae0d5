import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { readFirstLine } from './first-line.ts';
import type { ExecTools } from './exec-plugin.ts';
import { serveExec } from './serve-exec.ts';
import { serveRendezvous } from './serve-rendezvous.ts';
import { SshStartups } from './ssh-startups.ts';

/**
 * Takes the connections of the public port that do not speak HTTP; the router hands them on, each behind a line that says
 * what it is. Disposing closes all of them.
 */
export async function openRendezvous(path: string, tools: ExecTools): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const startups = new SshStartups();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    serve(socket, tools, startups).catch((error: unknown) => {
      tools.platform.logs.rendezvous.error({ err: error }, 'a client of a dyno could not be served');
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

async function serve(socket: Socket, tools: ExecTools, startups: SshStartups): Promise<void> {
  const [protocol, address = '-'] = (await readFirstLine(socket))?.split(' ') ?? [];
  if (protocol === 'rendezvous') await serveRendezvous(socket, tools.platform);
  else if (protocol === 'ssh') {
    const place = startups.take(address);
    if (place === null) {
      socket.destroy();
      return;
    }
    socket.once('close', place);
    await serveExec(socket, address, tools, place);
  } else socket.destroy();
}
