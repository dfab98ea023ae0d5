import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { TerminalSize } from '../model/dyno.ts';
import { exitCodeOf, startProcess } from '../lib/spawn.ts';
import { encodeJob, encodeOrder } from './job.ts';
import { supervisorFile } from './supervisor-file.ts';
import type { HostCommand } from './types.ts';

/** A command that somebody talks to. It dies with this process, however that ends, and leaves nothing behind. */
export interface AttachedCommand {
  /** Of its supervisor. */
  readonly pid: number;
  /** With back-pressure. Its end is the end of the command's input, but not on a terminal. */
  readonly input: Writable;
  /** Output and error output in the order of their writing, with back-pressure: who does not read it holds up the command. */
  readonly output: Readable;
  /** 128 + n when signal n ended it. Resolves when the whole tree is gone and `output` has been read to its end. */
  readonly exited: Promise<number>;
  /** To every process of the tree. */
  signal(name: NodeJS.Signals): void;
  /** Does nothing where there is no terminal. */
  resize(size: TerminalSize): void;
  /** SIGKILL to the whole tree. */
  kill(): void;
  /** The same, and `output` is closed: a reader who has left does not hold up the end. */
  abandon(): void;
}

export function startAttached(command: HostCommand, label: string): AttachedCommand {
  const child = startProcess(supervisorFile(), ['attached', label], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  });
  const { stdin: orders, stdout: output } = child;
  const input = child.stdio[3] as Writable | null | undefined;
  if (orders === null || output === null || !input) throw new Error('Internal: the supervisor has no pipes');
  // One that ends early is judged by its exit code, not by our broken pipes.
  for (const stream of [orders, input]) stream.on('error', () => undefined);
  orders.write(encodeJob(command));
  return {
    pid: child.pid ?? 0,
    input,
    output,
    exited: exitCodeOf(child).finally(() => {
      orders.destroy();
      input.destroy();
    }),
    signal: (name) => {
      if (orders.writable) orders.write(encodeOrder('s', constants.signals[name]));
    },
    resize: ({ columns, rows }) => {
      if (orders.writable) orders.write(encodeOrder('r', columns, rows));
    },
    kill: () => {
      child.kill('SIGQUIT');
    },
    abandon: () => {
      child.kill('SIGQUIT');
      output.destroy();
    },
  };
}
