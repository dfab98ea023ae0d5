import { readFileSync, rmSync } from 'node:fs';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { identify, isAlive, type ProcessIdentity } from '../lib/process-identity.ts';

export async function writePidFile(path: string): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(identify(process.pid))}\n`, 0o600);
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
