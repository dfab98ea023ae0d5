import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeTree } from '../lib/remove-tree.ts';
import type { Logger } from '../log.ts';

/** A copy or a checkout that outlived the last platform process ends soon after its target is gone. */
const patienceMs = 5_000;

/**
 * Removes what an earlier platform process left: the work folders of builds that died with it. For the start, before the
 * first build. What can't be removed is reported; it keeps nobody from starting.
 */
export async function sweepBuilds(workDir: string, log: Logger): Promise<void> {
  await mkdir(workDir, { recursive: true, mode: 0o711 });
  for (const name of await readdir(workDir)) await removeStubborn(join(workDir, name), log);
}

/** Tries again while something still writes into it. */
export async function removeStubborn(path: string, log: Logger): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      await removeTree(path);
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        log.warn({ path, err: error }, 'leftover of a build not removed, the next start tries again');
        return;
      }
      await delay(50);
    }
  }
}
