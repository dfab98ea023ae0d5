import { isIP } from 'node:net';
import { connect, rootCertificates, type TLSSocket } from 'node:tls';
import { ClientError } from './client-error.ts';
import { ExitStatusFilter } from './exit-status-filter.ts';
import type { Target } from './target.ts';

const connectMs = 60_000;
const idleMs = 3_600_000;
const forceQuitPresses = 4;

/** Speaks the TLS socket on which a one-off dyno is attached: the secret, a line that says it is up, then bytes both ways. */
export async function attach(attachUrl: string | null, target: Target): Promise<RendezvousSession> {
  const url = parseAttachUrl(attachUrl);
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  const ca = target.ca === null ? null : [...rootCertificates, target.ca];
  const socket = connect({
    host,
    port: Number(url.port),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === null ? {} : { ca }),
  });
  socket.setTimeout(connectMs);
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error): void => {
      socket.destroy();
      const { code = cause.message } = cause as NodeJS.ErrnoException;
      reject(new ClientError(`The dyno cannot be attached to at ${url.host} (${code}).`, { cause }));
    };
    socket.once('error', fail);
    socket.once('timeout', () => {
      fail(new Error('it did not answer'));
    });
    socket.once('secureConnect', () => {
      socket.write(`${`${url.pathname}${url.search}`.slice(1)}\r\n`);
    });
    // The first line only says that the dyno is there.
    let banner = Buffer.alloc(0);
    socket.on('data', function read(chunk: Buffer) {
      banner = Buffer.concat([banner, chunk]);
      const end = banner.indexOf('\n');
      if (end === -1 && banner.length < 256) return;
      socket.pause();
      socket.removeListener('data', read);
      socket.removeListener('error', fail);
      if (end + 1 < banner.length) socket.unshift(banner.subarray(end + 1));
      resolve();
    });
    socket.once('close', () => {
      fail(new Error('it was closed before the dyno was up; see hokku logs'));
    });
  });
  return new RendezvousSession(socket);
}

function parseAttachUrl(text: string | null): URL {
  const url = text !== null && URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'rendezvous:' && url.port !== '') return url;
  throw new ClientError(
    'The platform gave no address to attach to. It may be older than this program; try heroku run.',
  );
}

interface CopyOptions {
  /** The terminal's keys go to the dyno one by one, Ctrl-C among them. */
  readonly isRaw: boolean;
  readonly seeksStatus: boolean;
  /** The dyno has a terminal, which ends lines with CRLF. */
  readonly hasTerminal: boolean;
}

export class RendezvousSession {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  /** Until the dyno is done. Resolves with its exit status if that is sought and said, else null. */
  async copy({ isRaw, seeksStatus, hasTerminal }: CopyOptions): Promise<number | 'interrupted' | null> {
    const socket = this.#socket;
    const { stdout } = process;
    const filter = new ExitStatusFilter({ seeksStatus, keepsCarriageReturns: stdout.isTTY || !hasTerminal });
    const state = { interrupted: false };
    const interrupt = (): void => {
      state.interrupted = true;
      socket.end();
    };
    process.once('SIGINT', interrupt);
    const closed = new Promise<void>((resolve, reject) => {
      socket.setTimeout(idleMs, () => {
        socket.destroy(new ClientError('timed out'));
      });
      socket.once('error', reject);
      socket.once('close', () => {
        resolve();
      });
    });
    socket.on('data', (chunk: Buffer) => {
      // A slow reader slows the dyno down, not this program's memory up.
      if (stdout.write(filter.push(chunk))) return;
      socket.pause();
      stdout.once('drain', () => socket.resume());
    });
    stdout.once('error', () => socket.destroy());
    const release = isRaw ? this.#pipeKeys(interrupt) : this.#pipeInput();
    socket.resume();
    try {
      await closed;
      stdout.write(filter.end());
      return state.interrupted ? 'interrupted' : filter.status;
    } finally {
      release();
      process.removeListener('SIGINT', interrupt);
    }
  }

  #pipeKeys(forceQuit: () => void): () => void {
    const { stdin } = process;
    let presses: number[] = [];
    const watch = (chunk: Buffer): void => {
      if (chunk.length === 1 && chunk[0] === 0x03) presses.push(Date.now());
      presses = presses.filter((at) => at > Date.now() - 1_000);
      if (presses.length >= forceQuitPresses) forceQuit();
    };
    stdin.setRawMode(true);
    stdin.on('data', watch);
    stdin.pipe(this.#socket, { end: false });
    return () => {
      stdin.setRawMode(false);
      stdin.removeListener('data', watch);
      stdin.unpipe(this.#socket);
      stdin.pause();
    };
  }

  /** The end of the input is said with the byte that a terminal says it with: closing would end the dyno's output too. */
  #pipeInput(): () => void {
    const { stdin } = process;
    const end = (): void => {
      this.#socket.write('\u0004');
    };
    stdin.once('end', end);
    stdin.pipe(this.#socket, { end: false });
    return () => {
      stdin.removeListener('end', end);
      stdin.unpipe(this.#socket);
      stdin.pause();
    };
  }
}
