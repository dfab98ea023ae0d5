import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../lib/remove-tree.ts';
import type { Logger } from '../log.ts';
import type { Sha256 } from '../model/ids.ts';
import { extractSlug } from './extract-slug.ts';
import { EarlierMembers } from './member-index.ts';
import { receiveSlugFile } from './receive-slug-file.ts';
import { packSlug, type PackLimits, type PackOutcome } from './pack-slug.ts';

/** Slugs by the SHA-256 of their bytes, and their unpacked trees. Nothing in it ever changes; equal slugs are stored once. */
export interface SlugStore {
  path(sha: Sha256): string;
  has(sha: Sha256): Promise<boolean>;
  /**
   * The folder of the slug's unpacked `./app`: made on the first call (others wait for it), owned by `uid` if the platform is root.
   * Throws a `SlugChecksumError` (R17) or a `SlugMissingError`.
   */
  unpacked(sha: Sha256, uid: number): Promise<string>;
  /** Stops as soon as `limits.maxBytes` are passed. Throws the signal's reason when aborted, and what the file system throws. */
  pack(input: {
    readonly dir: string;
    readonly limits: PackLimits;
    /** A slug that is likely to be much the same, such as the app's last: it is packed the sooner, and no byte is another. */
    readonly like: Sha256 | null;
    readonly signal: AbortSignal;
  }): Promise<PackOutcome>;
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
  remove(sha: Sha256): Promise<void>;
  /** Removes all but these slugs and their trees. Spares what this process packed in the last 15 minutes: it may not be in the store yet. */
  sweep(inUse: ReadonlySet<string>): Promise<void>;
}

export async function openSlugStore(options: { dir: string; log: Logger }): Promise<SlugStore> {
  await mkdir(join(options.dir, 'unpacked'), { recursive: true, mode: 0o711 });
  return new FolderSlugStore(options.dir, options.log);
}

const freshMs = 15 * 60_000;

class FolderSlugStore implements SlugStore {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #extractions = new Map<string, Promise<string>>();
  /** Temporary names that are being written by this process. */
  readonly #unfinished = new Set<string>();
  readonly #packedAt = new Map<string, number>();

  constructor(dir: string, log: Logger) {
    this.#dir = dir;
    this.#log = log;
  }

  path(sha: Sha256): string {
    return join(this.#dir, `${sha}.tgz`);
  }

  has(sha: Sha256): Promise<boolean> {
    return exists(this.path(sha));
  }

  async unpacked(sha: Sha256, uid: number): Promise<string> {
    const folder = this.#unpackedPath(sha, uid);
    const running = this.#extractions.get(folder);
    if (running !== undefined) return running;
    const extraction = this.#extract(sha, uid, folder).finally(() => this.#extractions.delete(folder));
    this.#extractions.set(folder, extraction);
    return extraction;
  }

  async #extract(sha: Sha256, uid: number, folder: string): Promise<string> {
    if (await exists(folder)) return folder;
    const startedAt = performance.now();
    await this.#withTemporary(join(this.#dir, 'unpacked'), async (temporary) => {
      await extractSlug(this.path(sha), sha, temporary, uid);
      await moveFolder(join(temporary, 'app'), folder);
    });
    this.#log.info({ slug: sha, durationMs: Math.round(performance.now() - startedAt) }, 'slug unpacked');
    return folder;
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
    return await this.#withTemporary(this.#dir, async (temporary) => {
      const outcome = await packSlug(input.dir, temporary, input.limits, earlier, input.signal);
      if (outcome.status === 'too-large') return outcome;
      this.#packedAt.set(outcome.sha256, Date.now());
      // Renamed even if it is stored already: that heals a damaged file.
      await rename(temporary, this.path(outcome.sha256));
      await syncFolder(this.#dir);
      await outcome.members.write(this.#indexPath(outcome.sha256));
      return outcome;
    });
  }

  async receive(
    body: AsyncIterable<Buffer>,
    expected: { checksum: string | null; maxBytes: number },
  ): Promise<{ sha256: Sha256; sizeBytes: number }> {
    return await this.#withTemporary(this.#dir, async (temporary) => {
      const slug = await receiveSlugFile(body, temporary, expected);
      this.#packedAt.set(slug.sha256, Date.now());
      await rename(temporary, this.path(slug.sha256));
      await syncFolder(this.#dir);
      return slug;
    });
  }

  async keepUnpacked(sha: Sha256, uid: number, dir: string): Promise<void> {
    const folder = this.#unpackedPath(sha, uid);
    if (await exists(folder)) return;
    try {
      await rename(dir, folder);
    } catch (error) {
      // Unpacked by someone else in the meantime, or on another file system: then it is unpacked when it is needed.
      this.#log.debug({ slug: sha, err: error }, 'built tree not kept as the unpacked slug');
    }
  }

  async remove(sha: Sha256): Promise<void> {
    this.#packedAt.delete(sha);
    await rm(this.path(sha), { force: true });
    await rm(this.#indexPath(sha), { force: true });
    for (const name of await readdir(join(this.#dir, 'unpacked'))) {
      if (name.startsWith(`${sha}-`)) await this.#discard(join(this.#dir, 'unpacked'), name);
    }
  }

  async sweep(inUse: ReadonlySet<string>): Promise<void> {
    const oldest = Date.now() - freshMs;
    const isKept = (sha: string): boolean => inUse.has(sha) || (this.#packedAt.get(sha) ?? 0) > oldest;
    for (const name of await readdir(this.#dir)) {
      const slug = /^([0-9a-f]{64})\.(?:tgz|members)$/.exec(name)?.[1];
      const isLeft = slug === undefined ? isTemporary(name) : !isKept(slug);
      if (isLeft && !this.#unfinished.has(name)) await rm(join(this.#dir, name), { force: true });
    }
    const folder = join(this.#dir, 'unpacked');
    for (const name of await readdir(folder)) {
      if (isTemporary(name) && this.#unfinished.has(name)) continue;
      if (!isKept(name.slice(0, 64))) await this.#discard(folder, name);
    }
  }

  /** Renamed first, so that nobody takes a half-removed tree for a whole one. */
  async #discard(folder: string, name: string): Promise<void> {
    const doomed = isTemporary(name) ? name : `tmp-${randomBytes(6).toString('hex')}`;
    if (doomed !== name) await rename(join(folder, name), join(folder, doomed));
    await removeTree(join(folder, doomed));
  }

  #indexPath(sha: Sha256): string {
    return join(this.#dir, `${sha}.members`);
  }

  #unpackedPath(sha: Sha256, uid: number): string {
    return join(this.#dir, 'unpacked', `${sha}-${uid}`);
  }

  async #withTemporary<T>(folder: string, use: (path: string) => Promise<T>): Promise<T> {
    const name = `tmp-${randomBytes(6).toString('hex')}`;
    this.#unfinished.add(name);
    try {
      return await use(join(folder, name));
    } finally {
      await removeTree(join(folder, name));
      this.#unfinished.delete(name);
    }
  }
}

function isTemporary(name: string): boolean {
  return name.startsWith('tmp-') || name.includes('.tmp-');
}

/** The loser of a race keeps the winner's folder: both hold the same slug. */
async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(await exists(to))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
