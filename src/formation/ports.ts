import { PlatformError } from '../errors/platform-error.ts';
import { isPortFree } from '../lib/port.ts';

/**
 * Port numbers for web dynos. They are handed out round robin, so that a late request to a dyno that has ended is refused
 * instead of reaching another app; one that some other program listens on is passed over.
 */
export class Ports {
  readonly #from: number;
  readonly #count: number;
  readonly #taken = new Set<number>();
  #next: number;

  /** Both ends included. Keep the range out of the kernel's ephemeral ports (32768 and up on Linux). */
  constructor(range: { readonly from: number; readonly to: number }) {
    this.#from = range.from;
    this.#count = range.to - range.from + 1;
    // Where the last platform process stopped counting is not known; a random place is as good as any.
    this.#next = Math.floor(Math.random() * this.#count);
  }

  /** Takes a free port. Throws `unavailable` when there is none. */
  async take(): Promise<number> {
    for (let tries = 0; tries < this.#count; tries += 1) {
      const port = this.#from + this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isPortFree(port, '0.0.0.0')) return port;
      this.#taken.delete(port);
    }
    const range = `${this.#from}-${this.#from + this.#count - 1}`;
    throw new PlatformError(
      'unavailable',
      `No port is free for a web dyno: all of ${range} are in use. Stop some dynos.`,
    );
  }

  /** Notes a port that an adopted dyno has. */
  keep(port: number): void {
    this.#taken.add(port);
  }

  free(port: number): void {
    this.#taken.delete(port);
  }
}
