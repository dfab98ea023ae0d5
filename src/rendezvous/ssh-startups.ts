import { networkOf } from '../lib/network-of.ts';

const maxPerAddress = 32;
const maxInAll = 256;

/** The places for SSH clients that have not logged in yet: each of them costs a key exchange. */
export class SshStartups {
  readonly #perAddress = new Map<string, number>();
  #inAll = 0;

  /** Gives the place back, once; null: there is none. */
  take(address: string): (() => void) | null {
    const network = networkOf(address);
    const taken = this.#perAddress.get(network) ?? 0;
    if (taken >= maxPerAddress || this.#inAll >= maxInAll) return null;
    this.#perAddress.set(network, taken + 1);
    this.#inAll += 1;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#inAll -= 1;
      const left = (this.#perAddress.get(network) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(network);
      else this.#perAddress.set(network, left);
    };
  }
}
