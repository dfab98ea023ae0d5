import { PlatformError } from '../errors/platform-error.ts';
import { formatAddress, numberOf, type Block } from './subnet.ts';

/**
 * Addresses of one subnet. They are handed out round robin, so that a late request to a sandbox that has ended finds nobody
 * instead of another app. The first two are the bridge's and that
 * of trials, which so never take a dyno's.
 */
export class AddressPool {
  readonly #base: number;
  readonly #count: number;
  readonly #taken = new Set<number>();
  #next: number;

  constructor({ base, bits }: Block) {
    this.#base = base + 3;
    this.#count = 2 ** (32 - bits) - 4;
    // Where the last platform process stopped counting is not known; a random place is as good as any.
    this.#next = Math.floor(Math.random() * this.#count);
  }

  /** Throws `unavailable` when all are taken. */
  take(): string {
    for (let tries = 0; tries < this.#count; tries += 1) {
      const address = this.#base + this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return formatAddress(address);
    }
    throw new PlatformError(
      'unavailable',
      `No address is free for another dyno or build: all ${this.#count} are in use. Stop some dynos.`,
    );
  }

  keep(address: string): void {
    this.#taken.add(numberOf(address));
  }

  free(address: string): void {
    this.#taken.delete(numberOf(address));
  }
}
