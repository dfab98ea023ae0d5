import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isAlive } from '../lib/process-identity.ts';
import { removeTree } from '../lib/remove-tree.ts';

const dataPrefix = '.backup-';

/** A name that says which process works on it: what a dead one left can be told and removed. */
export function ownName(prefix: string): string {
  const self = identify(process.pid);
  if (self === null) throw new Error('Internal: /proc is not mounted');
  return `${prefix}${self.pid}-${self.startTime}-${randomBytes(4).toString('hex')}`;
}

/** Paths in `parent` of this prefix whose process is gone. */
export async function findLeft(parent: string, prefix: string): Promise<readonly string[]> {
  const names = await readdir(parent).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => {
      const [, pid, startTime] = (name.startsWith(prefix) && /^(\d+)-(\d+)-/.exec(name.slice(prefix.length))) || [];
      return pid !== undefined && startTime !== undefined && !isAlive({ pid: Number(pid), startTime });
    })
    .map((name) => join(parent, name));
}

/** A folder beside what is backed up, on the same disk; removed with all in it at the end. */
export async function openStaging(root: string): Promise<{ readonly path: string } & AsyncDisposable> {
  await sweepStaging(root);
  const path = join(root, ownName(dataPrefix));
  await mkdir(path, { mode: 0o700 });
  return { path, [Symbol.asyncDispose]: () => removeTree(path) };
}

/** What backups that were killed have left in a data folder. */
export async function sweepStaging(root: string): Promise<void> {
  for (const path of await findLeft(root, dataPrefix)) await removeTree(path);
}
