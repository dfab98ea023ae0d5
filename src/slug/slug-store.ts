import { randomBytes } from 'node:crypto';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../lib/exists.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import { syncFolder } from '../lib/sync-folder.ts';
import type { Logger } from '../log.ts';
import type { Sha256 } from '../model/ids.ts';
import { EarlierMembers, type MemberIndex } from './member-index.ts';
import { receiveSlugFile } from './receive-slug-file.ts';
import { packSlug, type PackLimits, type PackOutcome } from './pack-slug.ts';
import { isTemporary, UnpackedSlugs } from './unpacked-slugs.ts';

/** Slugs by the SHA-256 of their bytes, and their unpacked trees. Nothing in it ever changes; equal slugs are stored once. */
export interface SlugStore {
  path(sha: Sha256): string;
  /** Once it is held, the answer does not change any more. */
  has(sha: Sha256): Promise<boolean>;
  /**
   * The folder of the slug's unpacked `./app`: made on the first call (others wait for it), owned by `uid` if the platform is root.
   * Throws a `SlugChecksumError` (R17) or a `SlugMissingError`.
   */
  unpacked(sha: Sha256, uid: number): Promise<string>;
  /** Keeps the slug and this tree of it from being removed until the returned function is called. To be called before `unpacked`. */
  hold(sha: Sha256, uid: number): () => void;
  /**
   * Stops as soon as `limits.maxBytes` are passed. Throws the signal's reason when aborted, and what the file system throws.
   * Nothing removes the slug until `settle` is called, or for 15 minutes.
   */
  pack(input: {
    readonly dir: string;
    readonly limits: PackLimits;
    /** A slug that is likely to be much the same, such as the app's last: it is packed the sooner, and no byte is another. */
    readonly like: Sha256 | null;
    readonly signal: AbortSignal;
  }): Promise<PackOutcome>;
  /** The store knows of a slug that was packed or received, or never will. Once for each `pack` and `receive`. */
  settle(sha: Sha256): void;
  /**
   * Takes a slug that somebody else has made: a .tar.gz of plain files, folders and links below `./app`, of at most
   * `maxBytes`. Throws `invalid_params` or `request_too_large` for any other, and what the body throws.
   */
  receive(
    body: AsyncIterable<Buffer>,
    expected: { readonly checksum: string | null; readonly maxBytes: number },
  ): Promise<{ readonly sha256: Sha256; readonly sizeBytes: number }>;
  /**
   * Takes the folder from which the slug has just been packed (`isExact`, owned by `uid`) as its unpacked tree, which spares
   * unpacking it. The folder is moved; where it can't be, it stays and nothing is lost.
   */
  keepUnpacked(sha: Sha256, uid: number, dir: string): Promise<void>;
  /**
   * Removes the slug and its trees, unless it is held, was just packed, or `isInUse`: asked at the last moment, when nobody
   * can begin to use it unseen. A slug that is not stored is not an error.
   */
  remove(sha: Sha256, isInUse?: (sha: Sha256) => Promise<boolean>): Promise<void>;
  /** Removes this user's trees of all but these slugs. Spares what is held or was just packed. */
  discardUnpacked(uid: number, needed: ReadonlySet<string>): Promise<void>;
  /** Removes all but these slugs and their trees, and what a crash left half done. Spares what is held or was just packed. */
  sweep(inUse: ReadonlySet<string>, isInUse?: (sha: Sha256) => Promise<boolean>): Promise<void>;
}

export async function openSlugStore(options: { dir: string; log: Logger }): Promise<SlugStore> {
  return new FolderSlugStore(options.dir, await UnpackedSlugs.open(join(options.dir, 'unpacked'), options.log));
}

const freshMs = 15 * 60_000;

function nobodyUses(_sha: Sha256): Promise<boolean> {
  return Promise.resolve(false);
}

class FolderSlugStore implements SlugStore {
  readonly #dir: string;
  readonly #trees: UnpackedSlugs;
  /** Storing and removing one slug happen one after the other. */
  readonly #turns = new KeyedQueue<string>();
  /** Temporary names that are being written by this process. */
  readonly #unfinished = new Set<string>();
  /** When they were packed, of slugs that may not be in the store yet. */
  readonly #unsettled = new Map<string, readonly number[]>();

  constructor(dir: string, trees: UnpackedSlugs) {
    this.#dir = dir;
    this.#trees = trees;
  }

  path(sha: Sha256): string {
    return join(this.#dir, `${sha}.tgz`);
  }

  has(sha: Sha256): Promise<boolean> {
    return this.#turns.run(sha, () => exists(this.path(sha)));
  }

  unpacked(sha: Sha256, uid: number): Promise<string> {
    return this.#trees.get(sha, uid, this.path(sha));
  }

  hold(sha: Sha256, uid: number): () => void {
    return this.#trees.hold(sha, uid);
  }

  async pack(input: {
    dir: string;
    limits: PackLimits;
    like: Sha256 | null;
    signal: AbortSignal;
  }): Promise<PackOutcome> {
    await chmod(input.dir, 0o755);
    await using earlier =
      input.like === null ? null : await EarlierMembers.open(this.path(input.like), this.#indexPath(input.like));
    return await this.#withTemporary(async (temporary) => {
      const outcome = await packSlug(input.dir, temporary, input.limits, earlier, input.signal);
      if (outcome.status === 'packed') await this.#store(outcome.sha256, temporary, outcome.members);
      return outcome;
    });
  }

  async receive(
    body: AsyncIterable<Buffer>,
    expected: { checksum: string | null; maxBytes: number },
  ): Promise<{ sha256: Sha256; sizeBytes: number }> {
    return await this.#withTemporary(async (temporary) => {
      const slug = await receiveSlugFile(body, temporary, expected);
      await this.#store(slug.sha256, temporary, null);
      return slug;
    });
  }

  settle(sha: Sha256): void {
    const [, ...rest] = this.#unsettled.get(sha) ?? [];
    if (rest.length > 0) this.#unsettled.set(sha, rest);
    else this.#unsettled.delete(sha);
  }

  keepUnpacked(sha: Sha256, uid: number, dir: string): Promise<void> {
    return this.#trees.keep(sha, uid, dir);
  }

  async remove(sha: Sha256, isInUse = nobodyUses): Promise<void> {
    const isRemoved = await this.#turns.run(sha, async () => {
      // In this order: whoever lets go of it has told the store before.
      if (this.#isSpared(sha) || (await isInUse(sha))) return false;
      await rm(this.path(sha), { force: true });
      await rm(this.#indexPath(sha), { force: true });
      return true;
    });
    if (!isRemoved) return;
    await this.#trees.discard((one) => one === sha && !this.#isSpared(one));
  }

  async discardUnpacked(uid: number, needed: ReadonlySet<string>): Promise<void> {
    await this.#trees.discard((sha, owner) => owner === uid && !needed.has(sha) && !this.#isFresh(sha));
  }

  async sweep(inUse: ReadonlySet<string>, isInUse = nobodyUses): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      const slug = /^([0-9a-f]{64})\.(?:tgz|members)$/.exec(name)?.[1];
      if (slug !== undefined && !inUse.has(slug)) await this.remove(slug as Sha256, isInUse);
      const isLeft = slug === undefined && isTemporary(name) && !this.#unfinished.has(name);
      if (isLeft) await rm(join(this.#dir, name), { force: true });
    }
    await this.#trees.discard((sha) => !inUse.has(sha) && !this.#isFresh(sha));
  }

  // Private

  /** Renamed even if it is stored already: that heals a damaged file. */
  #store(sha: Sha256, temporary: string, members: MemberIndex | null): Promise<void> {
    return this.#turns.run(sha, async () => {
      this.#unsettled.set(sha, [...(this.#unsettled.get(sha) ?? []), Date.now()]);
      await rename(temporary, this.path(sha));
      await syncFolder(this.#dir);
      await members?.write(this.#indexPath(sha));
    });
  }

  #isFresh(sha: string): boolean {
    return (this.#unsettled.get(sha)?.at(-1) ?? 0) > Date.now() - freshMs;
  }

  #isSpared(sha: string): boolean {
    return this.#isFresh(sha) || this.#trees.isHeld(sha);
  }

  #indexPath(sha: Sha256): string {
    return join(this.#dir, `${sha}.members`);
  }

  async #withTemporary<T>(use: (path: string) => Promise<T>): Promise<T> {
    const name = `tmp-${randomBytes(6).toString('hex')}`;
    this.#unfinished.add(name);
    try {
      return await use(join(this.#dir, name));
    } finally {
      await rm(join(this.#dir, name), { force: true });
      this.#unfinished.delete(name);
    }
  }
}
