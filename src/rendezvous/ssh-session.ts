import { constants } from 'node:os';
import type { PseudoTtyInfo, ServerChannel, Session, WindowChangeInfo } from 'ssh2';
import { PlatformError } from '../errors/platform-error.ts';
import type { Attachment } from '../lifecycle/index.ts';
import type { AttachedProcess, TerminalSize } from '../model/dyno.ts';
import { Conversation } from './conversation.ts';
import { writeAndWait } from './write-and-wait.ts';

/** A chance for the client to take what came before, so that the exit marker reaches its reader in one piece. */
const markerPauseMs = 100;

export interface SshSessionOptions {
  readonly idleMs: number;
  /**
   * `command`: what an `exec` request names; null for a shell. `term`: the kind of the client's terminal, if it has one.
   * Null: there is nothing to run.
   */
  attachmentFor(command: string | null, term: string | null): Attachment | null;
  onFailure(error: unknown): void;
}

/**
 * One session of an SSH client: its terminal, then a shell or a command. The command is what the attachment runs.
 * Source: RFC 4254, section 6.
 */
export function serveSshSession(session: Session, options: SshSessionOptions): { gone(): void } {
  let terminal: TerminalSize | null = null;
  let term: string | null = null;
  let process: AttachedProcess | null = null;
  let conversation: Conversation | null = null;
  session.on('pty', (accept, _reject, info) => {
    terminal = sizeOf(info);
    term = /^[\w.+-]{1,64}$/.test(info.term) ? info.term : null;
    agree(accept);
  });
  session.on('window-change', (accept, _reject, info) => {
    terminal = sizeOf(info);
    process?.resize(terminal);
    agree(accept);
  });
  session.on('signal', (accept, _reject, { name }) => {
    const signal = `SIG${name}`;
    if (Object.hasOwn(constants.signals, signal)) process?.signal(signal as NodeJS.Signals);
    agree(accept);
  });
  // The environment is the dyno's own.
  session.on('env', (accept) => {
    agree(accept);
  });
  const start = (channel: ServerChannel, attachment: Attachment): void => {
    channel.on('error', () => undefined);
    conversation = new Conversation(clientOf(channel, attachment), options.idleMs, () => {
      attachment.hangUp();
    });
    const held = hold(channel, conversation, attachment, terminal, (started) => {
      process = started;
      // It may have changed while the dyno was being started.
      if (terminal !== null) started.resize(terminal);
    });
    held.catch((error: unknown) => {
      options.onFailure(error);
    });
  };
  session.on('shell', (accept, reject) => {
    const attachment = options.attachmentFor(null, term);
    if (attachment === null) reject();
    else start(accept(), attachment);
  });
  session.on('exec', (accept, reject, { command }) => {
    const attachment = options.attachmentFor(command, term);
    if (attachment === null) reject();
    else start(accept(), attachment);
  });
  const gone = (): void => {
    conversation?.gone();
  };
  session.on('close', gone);
  return { gone };
}

function clientOf(channel: ServerChannel, { wantsStatus }: Attachment): ConstructorParameters<typeof Conversation>[0] {
  return {
    input: channel,
    write: (bytes) => writeAndWait(channel, bytes),
    ...(wantsStatus ? { markerPauseMs } : {}),
    cut: () => {
      channel.close();
    },
  };
}

async function hold(
  channel: ServerChannel,
  conversation: Conversation,
  attachment: Attachment,
  terminal: TerminalSize | null,
  onStarted: (process: AttachedProcess) => void,
): Promise<void> {
  try {
    // Who asks for no terminal gets none, and who must not have one neither.
    const given = attachment.terminal === null ? null : terminal;
    const process = await attachment.start(given);
    onStarted(process);
    const endsInput = given === null;
    channel.exit(await conversation.hold(process, { endsInput, wantsStatus: attachment.wantsStatus }));
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    channel.stderr.write(`${error.message}\r\n`);
    channel.exit(1);
  } finally {
    conversation.end();
    channel.end();
  }
}

/** Clients without a window send 0. */
function sizeOf({ cols, rows }: PseudoTtyInfo | WindowChangeInfo): TerminalSize {
  const cells = (number: number, fallback: number): number => (number >= 1 && number <= 65_535 ? number : fallback);
  return { columns: cells(cols, 80), rows: cells(rows, 24) };
}

/** There is nothing to call when the client wants no reply, whatever the types say. */
function agree(accept: (() => unknown) | undefined): void {
  accept?.();
}
