import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../lib/exists.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import { removeTree } from '../lib/remove-tree.ts';
import type { Logger } from '../log.ts';
import type { Sha256 } from '../model/ids.ts';
import { extractSlug } from './extract-slug.ts';

/**
 * The unpacked trees of slugs, one folder for each slug and owner. Whoever runs out of a tree holds it first: from then on
 * it is not discarded. Making and discarding one tree happen one after the other.
 */
export class UnpackedSlugs {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #turns = new KeyedQueue<string>();
  readonly #holds = new Map<string, number>();
  /** Temporary names that are being written by this process. */
  readonly #unfinished = new Set<string>();

  private constructor(dir: string, log: Logger) {
    this.#dir = dir;
    this.#log = log;
  }

  static async open(dir: string, log: Logger): Promise<UnpackedSlugs> {
    await mkdir(dir, { recursive: true, mode: 0o711 });
    return new UnpackedSlugs(dir, log);
  }

  /** The folder of the tree, unpacked from `file` if it is not there. */
  get(sha: Sha256, uid: number, file: string): Promise<string> {
    const folder = join(this.#dir, nameOf(sha, uid));
    return this.#turns.run(nameOf(sha, uid), async () => {
      if (!(await exists(folder))) await this.#extract(sha, uid, file, folder);
      return folder;
    });
  }

  /** Moves a folder here as the tree; where it can't be moved, it stays. */
  keep(sha: Sha256, uid: number, dir: string): Promise<void> {
    const folder = join(this.#dir, nameOf(sha, uid));
    return this.#turns.run(nameOf(sha, uid), async () => {
      if (await exists(folder)) return;
      try {
        await rename(dir, folder);
      } catch (error) {
        // On another file system: then it is unpacked when it is needed.
        this.#log.debug({ slug: sha, err: error }, 'built tree not kept as the unpacked slug');
      }
    });
  }

  hold(sha: Sha256, uid: number): () => void {
    const name = nameOf(sha, uid);
    this.#holds.set(name, (this.#holds.get(name) ?? 0) + 1);
    let isHeld = true;
    return () => {
      const rest = (this.#holds.get(name) ?? 0) - (isHeld ? 1 : 0);
      isHeld = false;
      if (rest > 0) this.#holds.set(name, rest);
      else this.#holds.delete(name);
    };
  }

  /** True when a tree of this slug is held, whoever owns it. */
  isHeld(sha: string): boolean {
    return [...this.#holds.keys()].some((name) => shaOf(name) === sha);
  }

  /** Discards the trees that `isDoomed` by their slug and owner, but none that is held; half-made ones of a crash, too. */
  async discard(isDoomed: (sha: string, uid: number) => boolean): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      if (isTemporary(name)) {
        if (!this.#unfinished.has(name)) await removeTree(join(this.#dir, name));
      } else if (isDoomed(shaOf(name), Number(name.slice(65)))) {
        await this.#turns.run(name, () => this.#discard(name));
      }
    }
  }

  // Private

  /** Renamed first, so that nobody takes a half-removed tree for a whole one. */
  async #discard(name: string): Promise<void> {
    // Gone already when somebody else discards the same.
    if (this.#holds.has(name) || !(await exists(join(this.#dir, name)))) return;
    await this.#withTemporary(async (temporary) => {
      await rename(join(this.#dir, name), temporary);
    });
  }

  async #extract(sha: Sha256, uid: number, file: string, folder: string): Promise<void> {
    const startedAt = performance.now();
    await this.#withTemporary(async (temporary) => {
      await extractSlug(file, sha, temporary, uid);
      await rename(join(temporary, 'app'), folder);
    });
    this.#log.info({ slug: sha, durationMs: Math.round(performance.now() - startedAt) }, 'slug unpacked');
  }

  async #withTemporary(use: (path: string) => Promise<void>): Promise<void> {
    const name = `tmp-${randomBytes(6).toString('hex')}`;
    this.#unfinished.add(name);
    try {
      await use(join(this.#dir, name));
    } finally {
      await removeTree(join(this.#dir, name));
      this.#unfinished.delete(name);
    }
  }
}

function nameOf(sha: Sha256, uid: number): string {
  return `${sha}-${uid}`;
}

function shaOf(name: string): string {
  return name.slice(0, 64);
}

export function isTemporary(name: string): boolean {
  return name.startsWith('tmp-') || name.includes('.tmp-');
}
