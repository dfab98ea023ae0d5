import { exitCodeOf, startProcess } from '../lib/spawn.ts';
import { encodeJob } from './job.ts';
import { supervisorFile } from './supervisor-file.ts';
import type { HostCommand, RunInSandbox, RunOptions, RunResult } from './types.ts';

export const runInSandbox: RunInSandbox = (sandbox, command, options) => runSupervised(sandbox.wrap(command), options);

/** The supervisor holds the tree: it reads the end of its standard input as our death, and SIGQUIT as the order to kill. */
export async function runSupervised(command: HostCommand, options: RunOptions): Promise<RunResult> {
  if (options.signal?.aborted === true) return { exitCode: 137, endedBy: 'abort' };
  const child = startProcess(supervisorFile(), ['build', command.file], { stdio: ['pipe', 'pipe', 'pipe'] });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const killed: { by: 'timeout' | 'abort' | null } = { by: null };
  const kill = (why: 'timeout' | 'abort') => {
    killed.by ??= why;
    child.kill('SIGQUIT');
  };
  const onAbort = () => {
    kill('abort');
  };
  options.signal?.addEventListener('abort', onAbort);
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(kill, options.timeoutMs, 'timeout');
  child.stdout?.on('data', options.onStdout);
  child.stderr?.on('data', options.onStderr);
  // A supervisor that ends early is judged by its exit code, not by our broken pipe.
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(encodeJob(command));
  try {
    const exitCode = await exitCodeOf(child);
    return killed.by === null ? { exitCode, endedBy: 'exit' } : { exitCode: 137, endedBy: killed.by };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    child.stdin?.destroy();
  }
}
