import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { copyFile, link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import { UploadSlots } from '../lib/upload-slots.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { AccountId } from '../model/ids.ts';

/** How long an uploaded source can be built. */
const sourceLifeMs = 24 * 60 * 60_000;
/** In full-sized sources, of one account; beyond it the account's oldest goes. */
const maxHeldOfAccount = 4;
/** In full-sized sources, of everybody; beyond it the oldest of the account that holds most goes. */
const maxHeld = 8;
/** Of a full-sized source: what a small one counts, so that their number is bounded, too. */
const leastShare = 1 / 64;

/**
 * Tarballs that clients have uploaded and that no build has asked for yet, or more than one: `<id>.tgz`, each until it is a
 * day old. They hold no state of an app: a source that is gone is uploaded again. The first digits of an id tell whose it is.
 */
export class SourceStore {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #unfinished = new Set<string>();
  readonly #slots = new UploadSlots({ perOwner: 2, total: 8 });

  /** `maxBytes`: of one source. */
  constructor(dir: string, maxBytes: number) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
  }

  /** For a source of this account. */
  newId(account: AccountId): string {
    return createHash('sha256').update(account).digest('hex').slice(0, 8) + randomUUID().slice(8);
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

  /**
   * Gives the source as it is now another name, which does not exist yet: that file never changes. False when the source was
   * never uploaded, or is gone.
   */
  async copy(id: string, target: string): Promise<boolean> {
    try {
      await link(this.path(id), target).catch(async (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
        // On another file system, or one without links.
        await copyFile(this.path(id), target);
      });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  /**
   * Takes an upload; a second one of the same id replaces the first. Throws `request_too_large`, `rate_limit` or
   * `unavailable` (too many uploads at once), or what the body throws.
   */
  receive(id: string, body: AsyncIterable<Buffer>): Promise<void> {
    return this.#slots.run(ownerOf(id), () => this.#receive(id, body));
  }

  async #receive(id: string, body: AsyncIterable<Buffer>): Promise<void> {
    const temporary = `${id}.tmp-${randomBytes(6).toString('hex')}`;
    this.#unfinished.add(temporary);
    try {
      await this.#write(join(this.#dir, temporary), body);
      await rename(join(this.#dir, temporary), this.path(id));
      await this.sweep();
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
    const held: HeldSource[] = [];
    for (const name of await readdir(this.#dir)) {
      if (this.#unfinished.has(name)) continue;
      const stats = await stat(join(this.#dir, name)).catch(() => null);
      if (stats === null) continue;
      if (!name.endsWith('.tgz') || stats.mtimeMs < Date.now() - sourceLifeMs) await this.#remove(name);
      else held.push({ name, changedMs: stats.mtimeMs, sizeBytes: Math.max(stats.size, this.#maxBytes * leastShare) });
    }
    for (const name of tooMuch(held, this.#maxBytes)) await this.#remove(name);
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

interface HeldSource {
  readonly name: string;
  readonly changedMs: number;
  /** As it counts. */
  readonly sizeBytes: number;
}

function ownerOf(id: string): string {
  return id.slice(0, 8);
}

/** What has to go so that the bounds hold. Nobody's sources go for those of an account that holds more. */
function tooMuch(held: readonly HeldSource[], maxBytes: number): readonly string[] {
  const byOwner = new Map<string, HeldSource[]>();
  for (const source of held.toSorted((a, b) => a.changedMs - b.changedMs)) {
    const owner = ownerOf(source.name);
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), source]);
  }
  const gone: string[] = [];
  for (;;) {
    const owners = [...byOwner.values()].toSorted((a, b) => bytesOf(b) - bytesOf(a));
    const [most] = owners;
    const isWithin = bytesOf(most ?? []) <= maxHeldOfAccount * maxBytes && bytesOf(owners.flat()) <= maxHeld * maxBytes;
    const oldest = isWithin ? undefined : most?.shift();
    if (oldest === undefined) return gone;
    gone.push(oldest.name);
  }
}

function bytesOf(sources: readonly HeldSource[]): number {
  return sources.reduce((sum, source) => sum + source.sizeBytes, 0);
}
