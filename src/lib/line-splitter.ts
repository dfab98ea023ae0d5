const lineFeed = 0x0a;

/** Cuts a stream of bytes into lines without their line ends. A line longer than `maxBytes` is cut there. */
export class LineSplitter {
  readonly #maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that this chunk completes. */
  push(chunk: Uint8Array): Buffer[] {
    const bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const lines: Buffer[] = [];
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(lineFeed, start);
      const cut = start + this.#maxBytes;
      if (end === -1 || end > cut) {
        if (bytes.length <= cut) break;
        lines.push(bytes.subarray(start, cut));
        start = cut;
        continue;
      }
      lines.push(bytes.subarray(start, end));
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
    return lines;
  }

  /** What came after the last line end, if anything. */
  end(): Buffer | null {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? null : rest;
  }
}
