import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '../lifecycle/index.ts';
import type { RouterReadings } from './read-gauges.ts';

/** One sentence for each thing that keeps the platform from accepting work. */
export async function findProblems(running: {
  readonly platform: Platform;
  readonly router: RouterReadings;
  readonly dataDir: string;
}): Promise<readonly string[]> {
  const { platform, router, dataDir } = running;
  const found = await Promise.all([askDatabase(platform), tryDataFolder(dataDir)]);
  const line = router.isTold ? null : 'The router process can not be reached; it is being started again.';
  return [...found, line].filter((problem) => problem !== null);
}

async function askDatabase({ store }: Platform): Promise<string | null> {
  try {
    await store.ping();
    return null;
  } catch (error) {
    return `The database does not answer: ${messageOf(error)}`;
  }
}

/** A full disk lets an empty file be made, and a file system that was remounted after a fault does not. */
async function tryDataFolder(dir: string): Promise<string | null> {
  const path = join(dir, `.ready-${randomUUID()}`);
  try {
    await writeFile(path, Buffer.alloc(4096), { flush: false });
    return null;
  } catch (error) {
    return `The data folder can't be written to: ${messageOf(error)}`;
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : String(error);
}
