import { ServerResponse, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import ssh2, { type Connection } from 'ssh2';
import type { Attachment } from '../lifecycle/index.ts';
import type { RendezvousTools } from './rendezvous-tools.ts';
import type { SshHostKey } from './ssh-host-key.ts';
import { serveSshSession } from './ssh-session.ts';

const attachPath = /^\/attach\/([\w-]{1,200})$/;

/**
 * The other transport of `heroku run`: a request to upgrade to `tcp` at the attach URL, then SSH. The URL is the secret,
 * so that nobody else is to be let in, and the user need not prove who he is. Source: heroku-cli.md 5.2.
 */
export function acceptSshUpgrades(
  server: HttpServer,
  hostKey: () => Promise<SshHostKey>,
  tools: RendezvousTools,
): AsyncDisposable {
  const open = new Set<Duplex>();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const secret = attachPath.exec(request.url ?? '')?.[1];
    if (secret === undefined || request.headers.upgrade?.toLowerCase() !== 'tcp') {
      answerWithoutUpgrade(server, request, socket);
      return;
    }
    const attachment = tools.attachments.claim(secret);
    if (attachment === null) {
      const text = 'This address is unknown, was used already, or has expired. Run the command again.\n';
      const lines = [
        'HTTP/1.1 404 Not Found',
        'Content-Type: text/plain',
        `Content-Length: ${text.length}`,
        'Connection: close',
      ];
      socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
      return;
    }
    hostKey()
      .then((key) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n');
        if (head.length > 0) socket.unshift(head);
        serveSsh(socket, key, attachment, tools);
      })
      .catch((error: unknown) => {
        tools.logs.rendezvous.error({ err: error }, 'an SSH client of a one-off dyno could not be served');
        attachment.hangUp();
        socket.destroy();
      });
  });
  return {
    [Symbol.asyncDispose]: () => {
      for (const socket of open) socket.destroy();
      return Promise.resolve();
    },
  };
}

/** Whoever offers another protocol with an ordinary request gets the ordinary answer. */
function answerWithoutUpgrade(server: HttpServer, request: IncomingMessage, socket: Duplex): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(request.socket);
  response.once('finish', () => {
    response.detachSocket(request.socket);
    socket.end();
  });
  server.emit('request', request, response);
}

function serveSsh(socket: Duplex, key: SshHostKey, attachment: Attachment, tools: RendezvousTools): void {
  let offered: Attachment | null = attachment;
  const server = new ssh2.Server({ hostKeys: [key.private] }, (connection: Connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      context.accept();
    });
    connection.on('session', (accept) => {
      const session = serveSshSession(accept(), {
        idleMs: tools.limits.attachIdleMs,
        // One process for one secret, whatever command the client names.
        attachmentFor: () => {
          const given = offered;
          offered = null;
          return given;
        },
        onFailure: (error) => {
          tools.logs.rendezvous.error({ err: error }, 'an SSH session of a one-off dyno failed');
          socket.destroy();
        },
      });
      socket.once('close', () => {
        session.gone();
      });
    });
  });
  // A client that has closed its half has gone: SSH ends its channels by messages.
  socket.once('end', () => socket.destroy());
  socket.once('close', () => offered?.hangUp());
  server.injectSocket(socket as never);
}
