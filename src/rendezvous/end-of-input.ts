import { Transform, type TransformCallback } from 'node:stream';

const endOfTransmission = 0x04;
/** So long nothing may follow. */
const quietMs = 250;

/**
 * Where there is no terminal that would know it, a Ctrl-D as the last byte is the end of the input: the official CLI can't
 * close its half of the connection without losing the answer. In the middle of the input it is a byte like any other.
 */
export class EndOfInput extends Transform {
  #isHeld = false;
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    clearTimeout(this.#timer);
    if (this.#hasEnded || chunk.length === 0) {
      done();
      return;
    }
    const isLast = chunk.at(-1) === endOfTransmission;
    if (this.#isHeld) this.push(Buffer.of(endOfTransmission));
    this.#isHeld = isLast;
    if (isLast) {
      this.#timer = setTimeout(() => {
        this.#hasEnded = true;
        this.push(null);
      }, quietMs);
    }
    done(null, isLast ? chunk.subarray(0, -1) : chunk);
  }

  override _flush(done: TransformCallback): void {
    clearTimeout(this.#timer);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    done(error);
  }
}
