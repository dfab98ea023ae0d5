import { deferred, type Deferred } from '../lib/deferred.ts';
import { countMatching, type Frame } from './frame.ts';

/** What a tail reader did not get because it was too slow. */
export interface Overflow {
  readonly dropped: number;
  /** When the first of them was dropped. */
  readonly since: Date;
}

/** A frame's own bookkeeping, so that a thousand one-line frames count for what they take. */
const frameOverheadBytes = 512;

/** Live frames for one tail session. The writer only ever pushes; when the reader is slow, the oldest frames are dropped and counted. */
export class TailBuffer {
  readonly #maxBytes: number;
  readonly #matches: (frame: Frame) => readonly boolean[];
  #frames: Frame[] = [];
  #bytes = 0;
  #overflow: Overflow | null = null;
  #ended = false;
  #changed: Deferred<void> | null = null;

  constructor(maxBytes: number, matches: (frame: Frame) => readonly boolean[]) {
    this.#maxBytes = maxBytes;
    this.#matches = matches;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Number of the first line that is buffered; null when none is. */
  get firstNumber(): number | null {
    return this.#frames[0]?.first ?? null;
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length + frameOverheadBytes;
    while (this.#bytes > this.#maxBytes && this.#frames.length > 1) {
      const oldest = this.#frames.shift();
      if (oldest !== undefined) this.#drop(oldest);
    }
    this.#notify();
  }

  /** Everything that has come since the last call, and what was lost before it. */
  take(): { frames: readonly Frame[]; overflow: Overflow | null } {
    const taken = { frames: this.#frames, overflow: this.#overflow };
    this.#frames = [];
    this.#bytes = 0;
    this.#overflow = null;
    return taken;
  }

  /** Resolves when there is something to take, or the tail has ended. */
  async changed(): Promise<void> {
    if (this.#frames.length > 0 || this.#ended) return;
    this.#changed ??= deferred();
    await this.#changed.promise;
  }

  /** No more lines; what is buffered can still be taken. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  #drop(frame: Frame): void {
    this.#bytes -= frame.bytes.length + frameOverheadBytes;
    const count = countMatching(frame, this.#matches(frame));
    if (count === 0) return;
    this.#overflow = { dropped: (this.#overflow?.dropped ?? 0) + count, since: this.#overflow?.since ?? new Date() };
  }

  #notify(): void {
    this.#changed?.resolve();
    this.#changed = null;
  }
}
