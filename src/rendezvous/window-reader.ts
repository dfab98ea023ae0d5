/** More than clients have under way at a time. */
const windowBytes = 4 * 1024 * 1024;

/**
 * Gives the bytes of a stream behind a mark by their offsets. Clients ask for many parts at once, and for what they could
 * not get in one piece a little later; what lies further back than the window is gone.
 */
export class WindowReader {
  readonly #chunks: AsyncIterator<Buffer>;
  /** The byte at offset n is at n modulo its length. */
  readonly #window = Buffer.allocUnsafe(windowBytes);
  #rest: Buffer = Buffer.alloc(0);
  /** So far the stream has been read. */
  #position = 0;
  #turn: Promise<unknown>;

  constructor(stream: NodeJS.ReadableStream, mark: Buffer) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#turn = this.#skipTo(mark).catch(() => undefined);
  }

  /** At most the window; shorter than asked for only at the end of the stream. Rejects for what is gone. */
  read(offset: number, length: number): Promise<Buffer> {
    const turn = this.#turn.then(() => this.#read(offset, Math.min(length, windowBytes)));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    const end = offset + length;
    while (this.#position < end && (await this.#advance(end))) continue;
    if (offset < this.#position - windowBytes) throw new Error('files are read from front to back only');
    const bytes = Buffer.alloc(Math.max(0, Math.min(end, this.#position) - offset));
    const start = offset % windowBytes;
    const copied = this.#window.copy(bytes, 0, start, start + bytes.length);
    this.#window.copy(bytes, copied, 0, bytes.length - copied);
    return bytes;
  }

  /** False at the end of the stream. */
  async #advance(end: number): Promise<boolean> {
    if (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#rest = next.value;
    }
    const start = this.#position % windowBytes;
    const count = Math.min(this.#rest.length, end - this.#position, windowBytes - start);
    this.#rest.copy(this.#window, start, 0, count);
    this.#rest = this.#rest.subarray(count);
    this.#position += count;
    return true;
  }

  async #skipTo(mark: Buffer): Promise<void> {
    for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) {
      const bytes = Buffer.concat([this.#rest, next.value]);
      const found = bytes.indexOf(mark);
      this.#rest = found === -1 ? bytes.subarray(-mark.length) : bytes.subarray(found + mark.length);
      if (found !== -1) return;
    }
    this.#rest = Buffer.alloc(0);
  }
}
