import { spawn as nodeSpawn, type ChildProcess, type StdioOptions } from 'node:child_process';

export interface SpawnOptions {
  readonly cwd?: string;
  /** The whole environment of the child; nothing of ours is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** SIGKILL after this long. Default: no limit. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly uid?: number;
  readonly gid?: number;
  /** More output than this ends the child. Default 64 MiB. */
  readonly maxOutputBytes?: number;
}

export interface SpawnResult {
  /** 128 + n when signal n ended it. */
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** A command is a list of arguments, never a string: no shell, no environment but the one given. */
export async function spawn(file: string, args: readonly string[], options: SpawnOptions = {}): Promise<SpawnResult> {
  const child = startProcess(file, args, {
    ...options,
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const maxBytes = options.maxOutputBytes ?? 64 * 1024 * 1024;
  let size = 0;
  let timedOut = false;
  const collect = (into: Buffer[]) => (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) child.kill('SIGKILL');
    else into.push(chunk);
  };
  child.stdout?.on('data', collect(stdout));
  child.stderr?.on('data', collect(stderr));
  if (options.stdin !== undefined) {
    // A child that exits without reading its input is judged by its exit code, not by our broken pipe.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.stdin);
  }
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          child.kill('SIGKILL');
        }, options.timeoutMs);
  try {
    const exitCode = await exitCodeOf(child);
    return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('utf8'), timedOut };
  } finally {
    clearTimeout(timer);
  }
}

/** Like `spawn`, but an exit code other than 0 is an error that names the command and the end of its error output. */
export async function run(file: string, args: readonly string[], options: SpawnOptions = {}): Promise<Buffer> {
  const result = await spawn(file, args, options);
  if (result.exitCode !== 0) {
    const reason = result.timedOut ? 'did not finish in time' : `exited with ${result.exitCode}`;
    throw new Error(`${file} ${args[0] ?? ''} ${reason}: ${result.stderr.trim().slice(-2000)}`);
  }
  return result.stdout;
}

/** Starts a process whose streams the caller wires. */
export function startProcess(
  file: string,
  args: readonly string[],
  options: Omit<SpawnOptions, 'stdin' | 'timeoutMs' | 'maxOutputBytes'> & { stdio: StdioOptions; detached?: boolean },
): ChildProcess {
  const { env, ...rest } = options;
  return nodeSpawn(file, args, { ...rest, env: env ?? {}, shell: false });
}

/** Resolves when the process has ended and its streams are closed; rejects when it could not be started. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0)));
    });
  });
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};
