import type { Logger } from '../log.ts';
import { deferred, type Deferred } from '../lib/deferred.ts';
import type { LogLine } from '../model/log.ts';
import { ForwardReader } from './forward-reader.ts';
import { FrameBuilder } from './frame-builder.ts';
import { countMatching, type Frame } from './frame.ts';
import { ReaderCursors } from './reader-cursors.ts';
import { SegmentFolder, type SegmentLimits } from './segment-folder.ts';
import type { TailBuffer } from './tail-buffer.ts';

/** A frame is sealed at this size; a longer one would be lost as a whole when its end is torn. */
const maxFrameBytes = 64 * 1024;

/**
 * The log of one app. Lines are encoded when they are appended, sealed into a frame once per tick, and written by one
 * writer at a time; while it writes, the next frame fills. So order is kept, and a slow disk makes fewer, larger writes.
 */
export class AppLog {
  readonly #folder: SegmentFolder;
  readonly #log: Logger;
  readonly #tails = new Set<TailBuffer>();
  /** Get every frame too, but are in no hurry. */
  readonly #followers = new Set<TailBuffer>();
  readonly #cursors = new ReaderCursors();
  /** Number of the next line. */
  #next = 1;
  #building: FrameBuilder | null = null;
  #expectedBytes = 512;
  #pending: Frame[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | null = null;
  /** Lines up to this number are on disk or lost. */
  #settled = 0;
  #waiting: { readonly target: number; readonly done: Deferred<void> }[] = [];
  #isScheduled = false;
  #lost: { count: number; since: Date; reason: string } | null = null;
  #isRemoved = false;

  constructor(dir: string, limits: SegmentLimits, log: Logger) {
    this.#folder = new SegmentFolder(dir, limits);
    this.#log = log;
    this.#next = this.#folder.opened.lastNumber + 1;
    this.#settled = this.#next - 1;
    this.#cursors.merge(this.#folder.opened.cursors);
  }

  /** Number of the last line appended so far. */
  lastNumber(): number {
    this.#seal();
    return this.#next - 1;
  }

  append(lines: readonly LogLine[]): void {
    if (this.#isRemoved) return;
    for (const line of lines) {
      this.#building ??= new FrameBuilder(this.#next, this.#expectedBytes);
      this.#building.add(line);
      if (this.#building.bytes >= maxFrameBytes) this.#seal();
    }
    this.#schedule();
  }

  cursorOf(reader: string): number | null {
    if (this.#building !== null) this.#seal();
    return this.#cursors.get(reader);
  }

  /** Resolves when every line appended so far is on disk, or counted as lost because the disk took none. */
  async flush(): Promise<void> {
    const target = this.lastNumber();
    if (target <= this.#settled) return;
    const done = deferred();
    this.#waiting.push({ target, done });
    void this.#write();
    await done.promise;
  }

  /** From now on `tail` gets what is appended. Returns the number of the last line that it will not get. */
  attach(tail: TailBuffer): number {
    const last = this.lastNumber();
    this.#tails.add(tail);
    return last;
  }

  detach(tail: TailBuffer): void {
    this.#tails.delete(tail);
  }

  /** As `attach`, for a reader who waits for the disk anyway: frames are not sealed sooner on its account. */
  follow(tail: TailBuffer): void {
    this.#seal();
    if (this.#isRemoved) tail.end();
    else this.#followers.add(tail);
  }

  unfollow(tail: TailBuffer): void {
    this.#followers.delete(tail);
  }

  /** Reads what is on disk in order. */
  readForward(): ForwardReader {
    return new ForwardReader(this.#folder);
  }

  /**
   * The frames, oldest first, that hold the last `lines` matching lines from number `after` + 1 to number `to`,
   * and how many of the first of them are more than was asked for.
   */
  async readBack(range: {
    to: number;
    after: number;
    lines: number;
    matches: (frame: Frame) => readonly boolean[];
  }): Promise<{ frames: readonly Frame[]; skip: number }> {
    await this.flush();
    const found: Frame[] = [];
    let lines = 0;
    segments: for await (const segment of this.#folder.readBack()) {
      for (const frame of segment.toReversed()) {
        if (frame.first > range.to) continue;
        if (frame.first + frame.count - 1 <= range.after || lines >= range.lines) break segments;
        const count = countMatching(frame, range.matches(frame));
        if (count > 0) found.push(frame);
        lines += count;
      }
    }
    return { frames: found.reverse(), skip: Math.max(0, lines - range.lines) };
  }

  async remove(): Promise<void> {
    this.#isRemoved = true;
    for (const tail of [...this.#tails, ...this.#followers]) tail.end();
    this.#building = null;
    this.#pending = [];
    await this.#writing;
    this.#settle(Infinity);
    await this.#folder.remove();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      // While a write is under way the frame goes on filling, unless somebody is waiting to read it.
      if (this.#writing === null || this.#tails.size > 0) this.#seal();
      void this.#write();
    });
  }

  #seal(): void {
    const building = this.#building;
    this.#building = null;
    if (building === null || building.count === 0) return;
    this.#expectedBytes = Math.min(maxFrameBytes, building.bytes * 2);
    const frame = building.seal();
    this.#next = frame.first + frame.count;
    this.#cursors.merge(frame.cursors);
    for (const tail of this.#tails) tail.push(frame);
    for (const tail of this.#followers) tail.push(frame);
    this.#pending.push(frame);
    this.#pendingBytes += frame.bytes.length;
    // More than the folder keeps: these would be rotated away by the ones behind them as soon as they were written.
    while (this.#pendingBytes > this.#folder.maxBytes) this.#pendingBytes -= this.#pending.shift()?.bytes.length ?? 0;
  }

  async #write(): Promise<void> {
    this.#writing ??= this.#writePending().finally(() => {
      this.#writing = null;
    });
    await this.#writing;
  }

  async #writePending(): Promise<void> {
    for (;;) {
      this.#seal();
      const frames = this.#pending;
      const first = frames[0];
      if (first === undefined) return;
      this.#pending = [];
      this.#pendingBytes = 0;
      const notice = this.#lost === null ? [] : [this.#lossNotice(first.first - 1, this.#lost)];
      const outcome = await this.#folder.write([...notice, ...frames]);
      const last = frames.at(-1);
      if (last !== undefined) this.#settle(last.first + last.count - 1);
      if (this.#isRemoved) return;
      if (outcome.written > 0 && notice.length > 0) this.#lost = null;
      if (outcome.error !== null) this.#lose(frames.slice(Math.max(0, outcome.written - notice.length)), outcome.error);
    }
  }

  #settle(number: number): void {
    this.#settled = number;
    for (const { target, done } of this.#waiting) if (target <= number) done.resolve();
    this.#waiting = this.#waiting.filter(({ target }) => target > number);
  }

  #lose(frames: readonly Frame[], error: unknown): void {
    // The code alone: a message names paths of the host, which are none of the app's business.
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown cause';
    if (this.#lost === null) this.#log.error({ err: error }, 'log lines could not be written and are dropped');
    const count = frames.reduce((sum, frame) => sum + frame.count, 0);
    this.#lost = { count: (this.#lost?.count ?? 0) + count, since: this.#lost?.since ?? new Date(), reason };
  }

  /** Takes the place of the last lost line. */
  #lossNotice(number: number, lost: { count: number; since: Date; reason: string }): Frame {
    const builder = new FrameBuilder(number, 512);
    const since = lost.since.toISOString().replace('Z', '000+00:00');
    builder.add({
      atMicros: BigInt(Date.now()) * 1000n,
      source: 'heroku',
      process: 'logplex',
      message: `Error L13 (Local delivery error) -> ${lost.count} messages could not be written since ${since} (${lost.reason}).`,
    });
    return builder.seal();
  }
}
