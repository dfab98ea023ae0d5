import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeTree } from '../lib/remove-tree.ts';
import type { AppId } from '../model/ids.ts';
import { copy, isFolder, move } from './cache-folder.ts';

/** The cache of one app in one folder, for builds without a server. Like `BuildCaches`, a failed build leaves it as it was. */
export class FolderCache {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Copies the folder, if it is there, to `target`, which does not exist yet. */
  async restore(_appId: AppId, target: string, signal: AbortSignal): Promise<boolean> {
    if (await isFolder(this.dir)) await copy(this.dir, target, signal);
    else await mkdir(target);
    return true;
  }

  /** Puts what the scripts left at `from`, which may be nothing, in the place of the folder. */
  async save(_appId: AppId, from: string, signal: AbortSignal): Promise<boolean> {
    await mkdir(dirname(this.dir), { recursive: true });
    const suffix = randomBytes(6).toString('hex');
    const [fresh, old] = [`${this.dir}.new-${suffix}`, `${this.dir}.old-${suffix}`];
    const isLeft = await isFolder(from);
    try {
      if (isLeft) {
        await chmod(from, 0o755);
        await move(from, fresh, signal);
      }
      if (await isFolder(this.dir)) await rename(this.dir, old);
      if (isLeft) await rename(fresh, this.dir);
    } finally {
      await removeTree(fresh);
      await removeTree(old);
    }
    return true;
  }
}
