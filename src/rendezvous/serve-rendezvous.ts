import type { Socket } from 'node:net';
import { PlatformError } from '../errors/platform-error.ts';
import { encodeFrame } from '../lib/frames.ts';
import type { Attachment } from '../lifecycle/index.ts';
import { Conversation } from './conversation.ts';
import { EndOfInput } from './end-of-input.ts';
import { readFirstLine } from './first-line.ts';
import type { RendezvousTools } from './rendezvous-tools.ts';
import { writeAndWait } from './write-and-wait.ts';

/** The official CLI takes whatever comes first as the sign that the dyno is up, and shows none of it. */
const banner = Buffer.from('rendezvous\r\n');
const unknownSecret = 'This address is unknown, was used already, or has expired. Run the command again.';

/**
 * The rendezvous protocol: the client's first line is the secret of its attach URL, the server's first line says that the
 * dyno is up, and from then on both ways are the dyno's input and output. Source: heroku-cli.md 5.2.
 */
export async function serveRendezvous(socket: Socket, tools: RendezvousTools): Promise<void> {
  const line = await readFirstLine(socket);
  if (line === null) return;
  const [secret = ''] = line.split('?');
  const attachment = tools.attachments.claim(secret);
  try {
    if (attachment === null) throw new PlatformError('not_found', unknownSecret);
    await attach(socket, attachment, tools.limits.attachIdleMs);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    await write(socket, banner);
    await write(socket, Buffer.from(`${error.message}\r\n`));
  }
  socket.end();
}

async function attach(socket: Socket, attachment: Attachment, idleMs: number): Promise<void> {
  const { terminal, wantsStatus } = attachment;
  const client = {
    input: terminal === null ? socket.pipe(new EndOfInput()) : socket,
    write: (bytes: Buffer) => write(socket, bytes),
    cut: () => {
      socket.destroy();
    },
  };
  const conversation = new Conversation(client, idleMs, () => {
    attachment.hangUp();
  });
  const gone = (): void => {
    conversation.gone();
  };
  socket.once('end', gone);
  socket.once('close', gone);
  try {
    const process = await attachment.start(terminal);
    await write(socket, banner);
    await conversation.hold(process, { endsInput: terminal === null, wantsStatus });
  } finally {
    conversation.end();
  }
}

function write(socket: Socket, bytes: Buffer): Promise<void> {
  return writeAndWait(socket, encodeFrame(bytes));
}
