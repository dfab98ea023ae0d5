import { exitCodeOf, startProcess } from '../lib/spawn.ts';

/**
 * The whole environment of every git that the platform starts: no configuration of the machine or of a user, no
 * prompts, no helpers of a user, messages in English.
 */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/nonexistent',
    XDG_CONFIG_HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    ...extra,
  };
}

export interface GitOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Aborting ends git (SIGTERM, so that it removes its temporary files; SIGKILL 5 s later). */
  readonly signal?: AbortSignal | undefined;
  /** The same after this long. */
  readonly timeoutMs?: number;
  /** More output than this on standard output ends git. Default 16 MiB; not counted when `onStdout` takes it. */
  readonly maxOutputBytes?: number;
  /** Gets what the processor and the disk have left. */
  readonly isBehind?: boolean;
  /** Takes standard output as it comes; returning `false` ends git. */
  readonly onStdout?: (chunk: Buffer) => boolean;
}

export interface GitResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  /** The last 16 KiB. */
  readonly stderr: string;
  /** Why we ended it, if we did. */
  readonly stopped: 'aborted' | 'timeout' | 'output' | null;
}

const stderrTail = 16 * 1024;

/** Runs git and resolves once it is gone with all its helpers, so that what it wrote can be removed at once. */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  if (options.signal?.aborted === true)
    return { exitCode: 143, stdout: Buffer.alloc(0), stderr: '', stopped: 'aborted' };
  const program = options.isBehind === true ? ['nice', '-n', '19', 'git'] : ['git'];
  const [file = 'git', ...before] = program;
  const child = startProcess(file, [...before, ...args], {
    env: options.env ?? gitEnvironment(),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ending = endingOf(child);
  const maxBytes = options.maxOutputBytes ?? 16 * 1024 * 1024;
  const stdout: Buffer[] = [];
  let size = 0;
  let stderr = Buffer.alloc(0);
  child.stdout?.on('data', (chunk: Buffer) => {
    if (ending.reason !== null) return;
    if (options.onStdout !== undefined) {
      if (!options.onStdout(chunk)) ending.stop('output');
      return;
    }
    size += chunk.length;
    if (size > maxBytes) ending.stop('output');
    else stdout.push(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-stderrTail);
  });
  const onAbort = (): void => {
    ending.stop('aborted');
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          ending.stop('timeout');
        }, options.timeoutMs);
  try {
    const exitCode = await exitCodeOf(child);
    return { exitCode, stdout: Buffer.concat(stdout), stderr: stderr.toString('utf8'), stopped: ending.reason };
  } finally {
    ending.done();
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** Like `git`, but anything else than exit code 0 is an error that names the subcommand and the end of git's message. */
export async function runGit(subcommand: string, args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
  const result = await git(args, options);
  if (result.exitCode !== 0 || result.stopped !== null) {
    const reason = result.stopped === null ? `exited with ${result.exitCode}` : `was stopped (${result.stopped})`;
    throw new Error(`git ${subcommand} ${reason}: ${result.stderr.trim().slice(-2000)}`);
  }
  return result.stdout;
}

type GitProcess = ReturnType<typeof startProcess>;

interface Ending {
  reason: GitResult['stopped'];
  stop(reason: NonNullable<GitResult['stopped']>): void;
  done(): void;
}

function endingOf(child: GitProcess): Ending {
  let killer: NodeJS.Timeout | undefined;
  const ending: Ending = {
    reason: null,
    stop(reason) {
      if (ending.reason !== null) return;
      ending.reason = reason;
      child.kill('SIGTERM');
      killer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    },
    done() {
      clearTimeout(killer);
    },
  };
  return ending;
}
