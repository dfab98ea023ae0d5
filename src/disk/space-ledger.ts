import { freeSpace } from '../lib/free-space.ts';

/** What a build may take; disposing gives back what it has not taken. */
export interface SpaceClaim extends Disposable {
  readonly status: 'granted';
}

export interface SpaceShortage {
  readonly status: 'short';
  readonly of: 'bytes' | 'files';
  readonly free: number;
  /** Of the free ones, not for builds. */
  readonly reserved: number;
  /** Of the free ones, what builds that run may still take. */
  readonly promised: number;
  readonly needed: number;
}

export interface SpaceNeed {
  readonly bytes: number;
  readonly files: number;
  /** What it has taken so far. */
  readonly taken: () => Promise<number>;
}

/** On a disk for millions of files these are few, and without them nothing works. */
const reservedFiles = 1_000;

/** Promises the space of a disk to builds, so that several together are not promised more than there is. */
export class SpaceLedger {
  readonly #dir: string;
  readonly #reservedBytes: (totalBytes: number) => number;
  readonly #claims = new Set<SpaceNeed>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(dir: string, reservedBytes: (totalBytes: number) => number) {
    this.#dir = dir;
    this.#reservedBytes = reservedBytes;
  }

  /** One after the other: a claim that is refused takes nothing from the next. */
  claim(need: SpaceNeed): Promise<SpaceClaim | SpaceShortage> {
    const claim = this.#last.then(async () => {
      const shortage = await this.#shortage(need);
      if (shortage !== null) return shortage;
      this.#claims.add(need);
      return { status: 'granted' as const, [Symbol.dispose]: () => void this.#claims.delete(need) };
    });
    this.#last = claim.catch(() => undefined);
    return claim;
  }

  /** In bytes, what is free besides the reserve and what is promised; below 0 when that is not there any more. */
  async room(): Promise<number> {
    const { freeBytes, promised, reserved } = await this.#look();
    return freeBytes - promised - reserved;
  }

  async #look() {
    const others = [...this.#claims];
    const { freeBytes, freeInodes, totalBytes } = await freeSpace(this.#dir);
    const rests = await Promise.all(others.map(async ({ bytes, taken }) => Math.max(0, bytes - (await taken()))));
    const promised = rests.reduce((sum, rest) => sum + rest, 0);
    return { others, freeBytes, freeInodes, promised, reserved: this.#reservedBytes(totalBytes) };
  }

  async #shortage(need: SpaceNeed): Promise<SpaceShortage | null> {
    const { others, freeBytes, freeInodes, promised, reserved } = await this.#look();
    if (freeBytes < need.bytes + promised + reserved) {
      return { status: 'short', of: 'bytes', free: freeBytes, reserved, promised, needed: need.bytes };
    }
    // Builds say roughly how many files they make, so those that have begun are counted as if they had made half.
    const promisedFiles = others.reduce((sum, { files }) => sum + Math.round(files / 2), 0);
    if (freeInodes >= need.files + promisedFiles + reservedFiles) return null;
    return {
      status: 'short',
      of: 'files',
      free: freeInodes,
      reserved: reservedFiles,
      promised: promisedFiles,
      needed: need.files,
    };
  }
}
