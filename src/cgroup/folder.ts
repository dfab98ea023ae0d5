import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** One group in one hierarchy. */
export interface GroupFolder {
  readonly version: 1 | 2;
  readonly dir: string;
}

const removeMs = 3_000;

/** `r+`: a file that this kernel does not have is missing, not refused. */
export async function setting(dir: string, file: string, value: number | string): Promise<void> {
  await writeFile(join(dir, file), String(value), { flag: 'r+' });
}

/** The same where an older or smaller kernel may do without. */
export async function settingIfThere(dir: string, file: string, value: number | string): Promise<void> {
  try {
    await setting(dir, file, value);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Empty when the group is gone. */
export async function readIfThere(dir: string, file: string): Promise<string> {
  return readFile(join(dir, file), 'utf8').catch(() => '');
}

/** `name value` per line. */
export function numbersOf(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', value = '0'] = line.split(' ');
      return [name, Number(value)];
    }),
  );
}

/** Kills what is in the group until it can be removed. False: it could not be within 3 seconds. */
export async function removeFolder(dir: string): Promise<boolean> {
  const deadline = Date.now() + removeMs;
  for (;;) {
    try {
      await rmdir(dir);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      if (Date.now() > deadline) return false;
    }
    for (const pid of (await readIfThere(dir, 'cgroup.procs')).split('\n').map(Number)) {
      if (pid > 1) killIfThere(pid);
    }
    await delay(5);
  }
}

export async function groupsIn(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return; // gone meanwhile
  }
}
