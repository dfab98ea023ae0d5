import { constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { headBytes, readFrames, sealFrame, type Frame } from './frame.ts';
import { ReaderCursors } from './reader-cursors.ts';

export interface SegmentLimits {
  readonly maxSegments: number;
  readonly maxSegmentBytes: number;
}

export interface WriteOutcome {
  /** Frames that are on disk, from the first one. */
  readonly written: number;
  /** What was thrown instead of writing the rest; null: nothing. */
  readonly error: unknown;
}

/** The log files of one app: `00000001.log` and so on, append-only, the oldest removed when a new one would be one too many. */
export class SegmentFolder {
  readonly #dir: string;
  readonly #limits: SegmentLimits;
  /** Ascending; the last one is written to. */
  #segments: number[];
  /** Whole frames end here in the last segment; anything beyond is torn. */
  #size = 0;
  #torn = false;
  /** Of what is on disk. */
  readonly #cursors = new ReaderCursors();
  readonly #lastNumber: number;

  /** Reads the newest segment, synchronously: it is bounded, and `cursorOf` has to answer at once. */
  constructor(dir: string, limits: SegmentLimits) {
    this.#dir = dir;
    this.#limits = limits;
    this.#segments = listSegments(dir);
    let frames: Frame[] = [];
    for (let newest = this.#segments.at(-1); newest !== undefined; newest = this.#segments.at(-1)) {
      const file = readFileSync(this.#path(newest));
      frames = readFrames(file);
      this.#size = frames.reduce((bytes, frame) => bytes + frame.bytes.length, 0);
      this.#torn = this.#size < file.length;
      if (frames.length > 0 || this.#segments.length === 1) break;
      // Nothing in it survived; what it repeated at its head is in the one before.
      this.#segments.pop();
    }
    for (const frame of frames) this.#cursors.merge(frame.cursors);
    const last = frames.at(-1);
    this.#lastNumber = last === undefined ? 0 : last.first + last.count - 1;
  }

  /** Number of the newest line when the folder was opened, and how far its readers had come. */
  get opened(): { lastNumber: number; cursors: Readonly<Record<string, number>> } {
    return { lastNumber: this.#lastNumber, cursors: this.#cursors.toRecord() };
  }

  get maxBytes(): number {
    return this.#limits.maxSegments * this.#limits.maxSegmentBytes;
  }

  /** Appends frames, in order. Never throws. One writer at a time. */
  async write(frames: readonly Frame[]): Promise<WriteOutcome> {
    let written = 0;
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      while (written < frames.length) {
        const next = frames[written];
        if (next === undefined) break;
        const isNew = this.#segments.length === 0 || this.#size + next.bytes.length > this.#limits.maxSegmentBytes;
        if (isNew && (this.#size > 0 || this.#segments.length === 0)) await this.#startSegment();
        const batch = this.#size === 0 ? [this.#headOf(next)] : [];
        const heads = batch.length;
        let bytes = this.#size + (batch[0]?.bytes.length ?? 0);
        for (const frame of frames.slice(written)) {
          bytes += frame.bytes.length;
          if (batch.length > heads && bytes > this.#limits.maxSegmentBytes) break;
          batch.push(frame);
        }
        const outcome = await this.#append(batch);
        written += Math.max(0, outcome.written - heads);
        if (outcome.error !== null) return { written, error: outcome.error };
      }
      return { written, error: null };
    } catch (error) {
      return { written, error };
    }
  }

  /** Frames of whole segments, newest segment first, frames within one oldest first. */
  async *readBack(): AsyncGenerator<readonly Frame[]> {
    const size = this.#size;
    const newest = this.#segments.at(-1);
    for (const segment of this.#segments.toReversed()) {
      try {
        const file = await readFile(this.#path(segment));
        yield readFrames(segment === newest ? file.subarray(0, size) : file);
      } catch (error) {
        // The writer has rotated it away meanwhile.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw error;
      }
    }
  }

  /** Numbers of the segments, ascending. */
  get segments(): readonly number[] {
    return this.#segments;
  }

  /** At most `maxBytes` of what is written of a segment, from `offset` on. Null: it has been rotated away. */
  async readAt(segment: number, offset: number, maxBytes: number): Promise<Buffer | null> {
    const end = segment === this.#segments.at(-1) ? this.#size : Infinity;
    const length = Math.min(maxBytes, end - offset);
    if (length <= 0) return Buffer.alloc(0);
    let file: FileHandle;
    try {
      file = await open(this.#path(segment), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async remove(): Promise<void> {
    this.#segments = [];
    this.#size = 0;
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Repeats how far each reader had come, so that a position outlives the segment that its line was in. */
  #headOf(next: Frame): Frame {
    const cursors = this.#cursors.toRecord();
    return sealFrame(Buffer.alloc(headBytes), headBytes, { first: next.first, count: 0, origins: [], cursors });
  }

  async #startSegment(): Promise<void> {
    this.#segments.push((this.#segments.at(-1) ?? 0) + 1);
    this.#size = 0;
    this.#torn = true;
    while (this.#segments.length > this.#limits.maxSegments) {
      const oldest = this.#segments.shift();
      if (oldest !== undefined) await rm(this.#path(oldest), { force: true });
    }
  }

  async #append(frames: readonly Frame[]): Promise<WriteOutcome> {
    const path = this.#path(this.#segments.at(-1) ?? 1);
    // Opened per batch: hundreds of apps must not hold a descriptor each, and a batch grows as soon as the disk is slow.
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      if (this.#torn) await file.truncate(this.#size);
      const { bytes, error } = await writeAll(file, frames, this.#size);
      this.#torn = error !== null;
      let written = 0;
      let whole = 0;
      for (const frame of frames) {
        if (whole + frame.bytes.length > bytes) break;
        whole += frame.bytes.length;
        written += 1;
        this.#cursors.merge(frame.cursors);
      }
      this.#size += whole;
      if (this.#torn) await file.truncate(this.#size).catch(() => undefined);
      return { written, error };
    } finally {
      await file.close();
    }
  }

  #path(segment: number): string {
    return join(this.#dir, `${String(segment).padStart(8, '0')}.log`);
  }
}

async function writeAll(
  file: FileHandle,
  frames: readonly Frame[],
  position: number,
): Promise<{ bytes: number; error: unknown }> {
  let bytes = 0;
  let rest: readonly Uint8Array[] = frames.map((frame) => frame.bytes);
  try {
    while (rest.length > 0) {
      const { bytesWritten } = await file.writev(rest, position + bytes);
      bytes += bytesWritten;
      rest = skip(rest, bytesWritten);
    }
    return { bytes, error: null };
  } catch (error) {
    return { bytes, error };
  }
}

function skip(buffers: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  let index = 0;
  for (const buffer of buffers) {
    if (buffer.length > left) return [buffer.subarray(left), ...buffers.slice(index + 1)];
    left -= buffer.length;
    index += 1;
  }
  return [];
}

function listSegments(dir: string): number[] {
  if (statSync(dir, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(dir)
    .filter((name) => /^\d{8,}\.log$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}
