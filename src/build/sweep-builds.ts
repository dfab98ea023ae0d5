import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../lib/remove-tree.ts';

/**
 * Removes what an earlier platform process left: work folders of builds that died with it. Spares folders that were made since this process started, so that it may run beside the first builds.
 */
export async function sweepBuilds(workDir: string): Promise<void> {
  const startedAt = performance.timeOrigin;
  for (const name of await list(workDir)) {
    const path = join(workDir, name);
    const stats = await stat(path).catch(() => null);
    if (stats !== null && stats.mtimeMs < startedAt) await removeTree(path);
  }
}

async function list(dir: string): Promise<readonly string[]> {
  await mkdir(dir, { recursive: true, mode: 0o711 });
  return readdir(dir);
}
