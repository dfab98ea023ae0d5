import { randomBytes, randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import { PlatformError } from '../errors/platform-error.ts';

/** How long an uploaded source can be built. */
const sourceLifeMs = 24 * 60 * 60_000;
/** Of all uploads together; beyond it the oldest goes. */
const maxHeldSources = 8;

/**
 * Tarballs that clients have uploaded and that no build has asked for yet, or more than one: `<id>.tgz`, each until it is a
 * day old. They hold no state of an app: a source that is gone is uploaded again.
 */
export class SourceStore {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #unfinished = new Set<string>();

  /** `maxBytes`: of one source. */
  constructor(dir: string, maxBytes: number) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
  }

  newId(): string {
    return randomUUID();
  }

  path(id: string): string {
    return join(this.#dir, `${id}.tgz`);
  }

  /** Null: never uploaded, or gone. */
  async sizeOf(id: string): Promise<number | null> {
    try {
      return (await stat(this.path(id))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Takes an upload; a second one of the same id replaces the first. Throws `request_too_large`, or what the body throws. */
  async receive(id: string, body: AsyncIterable<Buffer>): Promise<void> {
    await this.sweep();
    const temporary = `${id}.tmp-${randomBytes(6).toString('hex')}`;
    this.#unfinished.add(temporary);
    try {
      await this.#write(join(this.#dir, temporary), body);
      await rename(join(this.#dir, temporary), this.path(id));
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      const message = 'The disk of the platform is full. Ask its operator to free some space, then upload again.';
      throw new PlatformError('unavailable', message, { cause: error });
    } finally {
      await rm(join(this.#dir, temporary), { force: true });
      this.#unfinished.delete(temporary);
    }
  }

  /** Removes what is too old, too much, or half. */
  async sweep(): Promise<void> {
    const held: { name: string; changedMs: number }[] = [];
    for (const name of await readdir(this.#dir)) {
      if (this.#unfinished.has(name)) continue;
      const stats = await stat(join(this.#dir, name)).catch(() => null);
      if (stats === null) continue;
      if (!name.endsWith('.tgz') || stats.mtimeMs < Date.now() - sourceLifeMs) await this.#remove(name);
      else held.push({ name, changedMs: stats.mtimeMs });
    }
    let heldBytes = 0;
    for (const { name } of held.toSorted((a, b) => b.changedMs - a.changedMs)) {
      heldBytes += (await stat(join(this.#dir, name)).catch(() => null))?.size ?? 0;
      if (heldBytes > maxHeldSources * this.#maxBytes) await this.#remove(name);
    }
  }

  async #write(path: string, body: AsyncIterable<Buffer>): Promise<void> {
    let sizeBytes = 0;
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of body) {
        sizeBytes += chunk.length;
        if (sizeBytes > this.#maxBytes) {
          const message = `The source is larger than ${this.#maxBytes} bytes. Remove large files, or keep them in an object storage.`;
          throw new PlatformError('request_too_large', message);
        }
        await file.write(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.#dir, name), { force: true });
  }
}
