import type { Socket } from 'node:net';
import { PlatformError } from '../errors/platform-error.ts';
import { encodeFrame } from '../lib/frames.ts';
import type { Attachment } from '../lifecycle/index.ts';
import type { AttachedProcess } from '../model/dyno.ts';
import { EndOfInput } from './end-of-input.ts';
import { readFirstLine } from './first-line.ts';
import type { RendezvousTools } from './rendezvous-tools.ts';
import { exitMarker, outputPieces } from './output-pieces.ts';

/** The official CLI takes whatever comes first as the sign that the dyno is up, and shows none of it. */
const banner = 'rendezvous\r\n';
const unknownSecret = 'This address is unknown, was used already, or has expired. Run the command again.\r\n';

/**
 * The rendezvous protocol: the client's first line is the secret of its attach URL, the server's first line says that the
 * dyno is up, and from then on both ways are the dyno's input and output. Source: heroku-cli.md 5.2.
 */
export async function serveRendezvous(socket: Socket, tools: RendezvousTools): Promise<void> {
  const line = await readFirstLine(socket);
  if (line === null) return;
  const [secret = ''] = line.split('?');
  const attachment = tools.attachments.claim(secret);
  if (attachment === null) {
    await refuse(socket, unknownSecret);
    return;
  }
  const client = new RendezvousClient(socket, tools.limits.attachIdleMs, () => {
    attachment.hangUp();
  });
  let process: AttachedProcess;
  try {
    process = await attachment.start(attachment.terminal);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    await refuse(socket, `${error.message}\r\n`);
    return;
  }
  await client.talk(process, attachment);
}

async function refuse(socket: Socket, text: string): Promise<void> {
  await write(socket, banner);
  await write(socket, text);
  socket.end();
}

/** One client, from its secret to the end of its process. */
class RendezvousClient {
  readonly #socket: Socket;
  readonly #idle: NodeJS.Timeout;
  #isGone = false;

  /** `onGone`: it has closed the connection, or nothing has moved in either direction for `idleMs`. */
  constructor(socket: Socket, idleMs: number, onGone: () => void) {
    this.#socket = socket;
    this.#idle = setTimeout(() => socket.destroy(), idleMs);
    const gone = (): void => {
      if (this.#isGone) return;
      this.#isGone = true;
      clearTimeout(this.#idle);
      onGone();
    };
    socket.once('end', gone);
    socket.once('close', gone);
  }

  async talk(process: AttachedProcess, attachment: Attachment): Promise<void> {
    await write(this.#socket, banner);
    this.#passInput(process, attachment);
    for await (const chunk of process.output) await this.#passOutput(chunk as Buffer);
    const { status } = await process.exited;
    if (attachment.wantsStatus) await this.#write(exitMarker(status));
    // It ends because the process did.
    this.#isGone = true;
    clearTimeout(this.#idle);
    this.#socket.end();
  }

  #passInput(process: AttachedProcess, attachment: Attachment): void {
    this.#socket.on('data', () => this.#idle.refresh());
    const input = attachment.terminal === null ? this.#socket.pipe(new EndOfInput()) : this.#socket;
    input.pipe(process.input, { end: attachment.terminal === null });
  }

  async #passOutput(chunk: Buffer): Promise<void> {
    for (const piece of outputPieces(chunk)) await this.#write(piece);
  }

  /** The output of a process whose client has gone is thrown away, so that it can end. */
  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#isGone) return;
    this.#idle.refresh();
    await write(this.#socket, bytes);
  }
}

/** Resolves when there is room for more, or nobody to write to. */
function write(socket: Socket, bytes: Uint8Array | string): Promise<void> {
  if (socket.destroyed || !socket.writable) return Promise.resolve();
  if (socket.write(encodeFrame(typeof bytes === 'string' ? Buffer.from(bytes) : bytes))) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
