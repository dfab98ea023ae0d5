import type { AccountId } from '../model/ids.ts';

const hourMs = 3_600_000;

/**
 * A bucket of requests per account, full at first and filled evenly.
 * Source: https://devcenter.heroku.com/articles/platform-api-reference#rate-limits
 */
export class RateLimit {
  readonly #perHour: number;
  readonly #now: () => number;
  readonly #buckets = new Map<AccountId, { left: number; at: number }>();

  constructor(perHour: number, now: () => number = Date.now) {
    this.#perHour = perHour;
    this.#now = now;
  }

  /** False when none is left. */
  take(account: AccountId): boolean {
    const bucket = this.#bucketOf(account);
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  remaining(account: AccountId): number {
    return Math.floor(this.#bucketOf(account).left);
  }

  /** Until the next request is possible. */
  waitSeconds(account: AccountId): number {
    return Math.ceil(((1 - this.#bucketOf(account).left) * hourMs) / this.#perHour / 1000);
  }

  #bucketOf(account: AccountId): { left: number; at: number } {
    const now = this.#now();
    const bucket = this.#buckets.get(account) ?? { left: this.#perHour, at: now };
    bucket.left = Math.min(this.#perHour, bucket.left + ((now - bucket.at) * this.#perHour) / hourMs);
    bucket.at = now;
    this.#buckets.set(account, bucket);
    return bucket;
  }
}
