/** Keeps the first `maxBytes` of what is written to it, and knows whether there was more. */
export class BoundedBytes {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  isTooLong = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  readonly write = (chunk: Buffer): void => {
    const room = this.#maxBytes - this.#size;
    if (chunk.length > room) this.isTooLong = true;
    if (room <= 0) return;
    const kept = Buffer.from(chunk.subarray(0, room));
    this.#chunks.push(kept);
    this.#size += kept.length;
  };

  toString(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
