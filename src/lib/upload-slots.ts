import { PlatformError } from '../errors/platform-error.ts';

interface UploadSlotsOptions {
  readonly perOwner: number;
  readonly total: number;
}

/** Bounds the uploads under way: with the limit of one upload that bounds what unfinished ones take of the disk. */
export class UploadSlots {
  readonly #options: UploadSlotsOptions;
  readonly #taken = new Map<string, number>();

  constructor(options: UploadSlotsOptions) {
    this.#options = options;
  }

  /** Does `upload` if there is a slot; throws `rate_limit` (the owner has too many) or `unavailable` (everybody together). */
  async run<T>(owner: string, upload: () => Promise<T>): Promise<T> {
    const { perOwner, total } = this.#options;
    const own = this.#taken.get(owner) ?? 0;
    if (own >= perOwner) {
      const message = `${own} uploads of this account are under way, as many as it may have at once. Wait for one to end, then upload again.`;
      throw new PlatformError('rate_limit', message);
    }
    const all = [...this.#taken.values()].reduce((sum, count) => sum + count, 0);
    if (all >= total) {
      const message = `${all} uploads are under way, as many as the platform takes at once. Upload again in a minute.`;
      throw new PlatformError('unavailable', message);
    }
    this.#taken.set(owner, own + 1);
    try {
      return await upload();
    } finally {
      const left = (this.#taken.get(owner) ?? 1) - 1;
      if (left > 0) this.#taken.set(owner, left);
      else this.#taken.delete(owner);
    }
  }
}
