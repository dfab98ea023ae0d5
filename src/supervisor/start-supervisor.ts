import type { ProcessIdentity } from '../lib/process-identity.ts';
import { startProcess } from '../lib/spawn.ts';
import { encodeJob } from './job.ts';
import { supervisorFile } from './supervisor-file.ts';
import type { HostCommand } from './types.ts';

export interface StartOptions {
  /** Exists and is empty: the supervisor puts the spool and, at the end, the file `exit` there. */
  readonly dir: string;
  readonly command: HostCommand;
  /** For people who read process lists: `web.1`. */
  readonly label: string;
  /** Is called before anything of the command runs, so that what runs is always on record. */
  readonly onReady: (supervisor: ProcessIdentity) => Promise<void>;
}

/**
 * Starts a detached supervisor, which outlives us. Resolves when it has been told to start the command; if we die before
 * that, it ends without having started anything. How the command fares is told by the folder only.
 */
export async function startSupervisor(options: StartOptions): Promise<ProcessIdentity> {
  const child = startProcess(supervisorFile(), ['dyno', options.label], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('Internal: the supervisor has no pipes');
  stdin.on('error', () => undefined);
  try {
    const ready = firstLine(child, stdout, stderr);
    stdin.write(encodeJob(options.command, options.dir));
    const [pid, startTime] = (await ready).split(' ');
    const supervisor = { pid: Number(pid), startTime: startTime ?? '' };
    await options.onReady(supervisor);
    await new Promise<void>((resolve, reject) => {
      stdin.write('g', (error) => {
        if (error) reject(new Error('The supervisor ended before it started the command.', { cause: error }));
        else resolve();
      });
    });
    return supervisor;
  } finally {
    stdin.destroy();
    stdout.destroy();
    stderr.destroy();
    child.unref();
  }
}

/** Rejects with the supervisor's own words when its output ends without one. */
function firstLine(
  child: NodeJS.EventEmitter,
  stdout: NodeJS.ReadableStream,
  stderr: NodeJS.ReadableStream,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let complaint = '';
    const fail = (cause?: unknown) => {
      reject(new Error(`The supervisor did not start: ${complaint.trim() || 'no reason given'}`, { cause }));
    };
    child.once('error', fail);
    stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    stdout.once('end', () => {
      // Its error output may arrive a moment later.
      setTimeout(fail, 50);
    });
  });
}
