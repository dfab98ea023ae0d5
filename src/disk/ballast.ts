import { open, rm, stat } from 'node:fs/promises';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import type { Logger } from '../log.ts';
import { freeSpace } from '../lib/free-space.ts';

/** Of the disk's size, as a part of it. */
const part = 1 / 100;
const maxBytes = 64 * 1024 * 1024;
const chunk = Buffer.alloc(1024 * 1024, 0x5a);

/**
 * A file that takes up space while there is some, and gives it back when somebody has filled the disk: the database, the
 * logs and the router's files can be written still, and whoever frees space has some to do it with. 1% of the disk, at
 * most 64 MB. Real bytes, because some file systems keep no promise of space.
 */
export class Ballast {
  readonly #path: string;
  readonly #dir: string;
  readonly #log: Logger;

  constructor(dir: string, path: string, log: Logger) {
    this.#dir = dir;
    this.#path = path;
    this.#log = log;
  }

  /** Called often. Gives the space back below half of it free, takes it again when four times as much is free. */
  async adjust(): Promise<'kept' | 'released' | 'taken'> {
    const { freeBytes, totalBytes } = await freeSpace(this.#dir);
    const wanted = Math.min(maxBytes, Math.floor(totalBytes * part));
    const held = (await stat(this.#path).catch(() => null))?.size ?? 0;
    if (held > 0 && freeBytes < wanted / 2) {
      await rm(this.#path, { force: true });
      this.#log.error({ freeBytes, releasedBytes: held }, 'disk full, its reserve is in use: free some space');
      return 'released';
    }
    if (held >= wanted || freeBytes < wanted * 4) return 'kept';
    await this.#fill(wanted);
    return 'taken';
  }

  async #fill(bytes: number): Promise<void> {
    try {
      const file = await open(this.#path, 'w', 0o600);
      try {
        for (let left = bytes; left > 0; left -= chunk.length) await file.write(chunk, 0, Math.min(left, chunk.length));
      } finally {
        await file.close();
      }
    } catch (error) {
      await rm(this.#path, { force: true });
      if (!isOutOfSpace(error)) throw error;
    }
  }
}
