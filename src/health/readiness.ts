import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '../lifecycle/index.ts';
import type { RouterReadings } from './read-gauges.ts';

/** Everybody may ask; it is looked once for all who ask within this time. */
const shareMs = 1_000;

export interface Watched {
  readonly platform: Platform;
  readonly router: RouterReadings;
  readonly dataDir: string;
}

/** What keeps the platform from accepting work, one sentence for each thing. A change is told to the platform's log. */
export class Readiness {
  readonly #watched: Watched;
  #last: { readonly at: number; readonly problems: Promise<readonly string[]> } | null = null;
  #told = '';

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  problems(): Promise<readonly string[]> {
    const now = performance.now();
    if (this.#last === null || now - this.#last.at > shareMs) this.#last = { at: now, problems: this.#look() };
    return this.#last.problems;
  }

  async #look(): Promise<readonly string[]> {
    const { platform, router, dataDir } = this.#watched;
    const found = await Promise.all([askDatabase(platform), tryDataFolder(dataDir)]);
    const line = router.isTold ? null : 'The router process can not be reached; it is being started again.';
    const problems = [...found, line].filter((problem) => problem !== null);
    const told = problems.join(' ');
    if (told !== this.#told && told !== '') platform.logs.platform.error({ problems }, 'not ready');
    this.#told = told;
    return problems;
  }
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
  const path = join(dir, '.ready');
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
