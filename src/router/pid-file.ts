import { readFileSync, rmSync } from 'node:fs';
import { writeFileAtomic } from '../lib/atomic-file.ts';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process's. */
  readonly startTime: string;
}

export async function writePidFile(path: string): Promise<void> {
  const startTime = startTimeOf(process.pid);
  await writeFileAtomic(path, `${JSON.stringify({ pid: process.pid, startTime })}\n`, 0o600);
}

/** Null when there is no such file, or its process is gone. */
export function readPidFile(path: string): ProcessIdentity | null {
  try {
    const identity = JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
    return isAlive(identity) ? identity : null;
  } catch {
    // Missing, or not ours: there is nothing to adopt either way.
    return null;
  }
}

/** Removes the file if it is still this process's own. */
export function removeOwnPidFile(path: string): void {
  if (readPidFile(path)?.pid === process.pid) rmSync(path, { force: true });
}

export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return startTimeOf(pid) === startTime;
}

/** Null for a process that is gone, or dead and not yet waited for. Source: proc(5), /proc/pid/stat fields 3 and 22. */
function startTimeOf(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}
