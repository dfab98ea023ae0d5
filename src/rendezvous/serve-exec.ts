import type { Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session } from 'ssh2';
import { PlatformError } from '../errors/platform-error.ts';
import { commandInside, type Attachment } from '../lifecycle/index.ts';
import type { DynoView, TerminalSize } from '../model/dyno.ts';
import { reauthorizeExec } from './authorize-exec.ts';
import type { ExecTools } from './exec-plugin.ts';
import type { ExecReservation } from './exec-reservations.ts';
import { serveSftp } from './serve-sftp.ts';
import { serveSshSession } from './ssh-session.ts';

const loginGraceMs = 30_000;
/** An agent may offer many keys before the right one. */
const maxTries = 20;

/**
 * SSH into a dyno, for who holds a reservation: shells and commands, files to be copied, connections to its ports.
 * `address`: of the client; after too many wrong user names from there its connections are closed.
 */
export async function serveExec(socket: Socket, address: string, tools: ExecTools, onLogin: () => void): Promise<void> {
  const { private: hostKey } = await tools.hostKey();
  const timer = setTimeout(() => socket.destroy(), loginGraceMs);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
    let guest: ExecReservation | null = null;
    let tries = 0;
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      tries += 1;
      if (tries > maxTries) {
        socket.destroy();
        return;
      }
      admit(context, address, tools)
        .then((reservation) => {
          if (reservation === null) {
            context.reject(['publickey']);
            return;
          }
          // Who only asks whether the key would do has proved nothing.
          if (context.method === 'publickey' && context.signature !== undefined) guest = reservation;
          context.accept();
        })
        .catch((error: unknown) => {
          socket.destroy();
          if (error instanceof PlatformError && error.id === 'rate_limit') return;
          tools.platform.logs.rendezvous.error({ err: error }, 'a client of a dyno could not be authenticated');
        });
    });
    connection.on('ready', () => {
      clearTimeout(timer);
      onLogin();
      if (guest !== null) new ExecConnection(socket, connection, guest, tools).listen();
    });
  });
  server.injectSocket(socket);
}

/** Null for who is not to come in, or not any more. Throws `rate_limit`. */
async function admit(
  context: AuthContext,
  address: string,
  { reservations, platform }: ExecTools,
): Promise<ExecReservation | null> {
  // The user name is what nobody can guess; keys that do not fit it are those of other hosts.
  const reservation = await platform.guesses.attempt({ address, secret: context.username, account: null }, () =>
    Promise.resolve(reservations.find(context.username)),
  );
  if (reservation === null || !proves(context, reservation)) return null;
  try {
    await reauthorizeExec(platform.store, reservation);
    return reservation;
  } catch (error) {
    if (error instanceof PlatformError) return null;
    throw error;
  }
}

/** True for the key of the reservation, and for a valid signature if there is one: without, the client only asks. */
function proves(context: AuthContext, { key }: ExecReservation): boolean {
  if (context.method !== 'publickey' || !context.key.data.equals(key.getPublicSSH())) return false;
  if (context.signature === undefined || context.blob === undefined) return true;
  // Whatever its types say, it gives an error back for a signature that it can't read.
  const verdict: unknown = key.verify(context.blob, context.signature, context.hashAlgo);
  return verdict === true;
}

class ExecConnection {
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #guest: ExecReservation;
  readonly #tools: ExecTools;

  constructor(socket: Socket, connection: Connection, guest: ExecReservation, tools: ExecTools) {
    this.#socket = socket;
    this.#connection = connection;
    this.#guest = guest;
    this.#tools = tools;
  }

  listen(): void {
    this.#connection.on('session', (accept) => {
      this.#serveSession(accept());
    });
    this.#connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
      this.#forward(accept, reject, destIP, destPort).catch((error: unknown) => {
        if (!(error instanceof PlatformError)) {
          this.#tools.platform.logs.rendezvous.error({ err: error }, 'a port of a dyno could not be forwarded');
        }
        reject();
      });
    });
  }

  /** `0.0.0.0` is how the official CLI calls the dyno itself. Ports of others are none of its business. */
  async #forward(accept: () => ServerChannel, reject: () => void, host: string, port: number): Promise<void> {
    const dyno = await this.#dyno();
    const isOwn = ['0.0.0.0', '127.0.0.1', 'localhost'].includes(host);
    const target = dyno === null || !isOwn ? null : await this.#tools.platform.runtime.connect(dyno.id, port);
    if (target === null) {
      reject();
      return;
    }
    const channel = accept();
    for (const stream of [channel, target]) stream.on('error', () => target.destroy());
    channel.once('close', () => target.destroy());
    target.once('close', () => {
      channel.close();
    });
    channel.pipe(target);
    target.pipe(channel);
  }

  #serveSession(session: Session): void {
    const { platform } = this.#tools;
    const onFailure = (error: unknown): void => {
      platform.logs.rendezvous.error({ err: error }, 'an SSH session inside of a dyno failed');
      this.#socket.destroy();
    };
    const served = serveSshSession(session, {
      idleMs: platform.limits.attachIdleMs,
      attachmentFor: (command, term) => this.#attachment(command ?? 'bash', term),
      onFailure,
    });
    this.#socket.once('close', () => {
      served.gone();
    });
    session.on('sftp', (accept) => {
      serveSftp(accept(), (command, env) => this.#attachmentOf(command, env, null));
    });
  }

  #attachment(command: string, term: string | null): Attachment {
    // The size is the client's to tell.
    return this.#attachmentOf(command, term === null ? {} : { TERM: term }, { columns: 80, rows: 24 });
  }

  #attachmentOf(command: string, env: Readonly<Record<string, string>>, terminal: TerminalSize | null): Attachment {
    const { platform } = this.#tools;
    let inside: Attachment | null = null;
    return {
      wantsStatus: false,
      terminal,
      start: async (size) => {
        const dyno = await this.#dyno();
        if (dyno === null) throw new PlatformError('unavailable', `${this.#guest.dyno} is not up. See heroku ps.`);
        inside = await commandInside(dyno, { command, env, terminal: size, wantsStatus: false }, platform);
        return inside.start(size);
      },
      hangUp: () => inside?.hangUp(),
    };
  }

  /**
   * The one that has the name now: it may have been restarted since. A connection may be open for days: throws when who
   * opened it may not go in any more.
   */
  async #dyno(): Promise<DynoView | null> {
    const { appId, dyno } = this.#guest;
    await reauthorizeExec(this.#tools.platform.store, this.#guest);
    return (
      this.#tools.platform.formation.list(appId).find(({ name, state }) => name === dyno && state === 'up') ?? null
    );
  }
}
