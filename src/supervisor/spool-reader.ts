import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Whole lines (each with its LF, but for one of more than `lineBytes`) that were spooled at one moment. */
export interface SpoolChunk {
  readonly atMicros: bigint;
  readonly bytes: Buffer;
  /** Lines since the start of the command, lost ones included, after this chunk. */
  readonly lines: number;
  /** Lines that are missing before this chunk, because the ring came round or the disk was full. */
  readonly dropped: number;
}

/** A line that is longer counts, and is handed on, as several. The same rule as in supervisor.c. */
const lineBytes = 10_000;
const headBytes = 24;
const readBytes = 256 * 1024;

/**
 * Reads the ring of files that supervisor.c writes. Its position is a number of lines, so that it can go on exactly where
 * an earlier reader stopped, even when the files of that time are gone.
 */
export class SpoolReader implements AsyncDisposable {
  readonly #dir: string;
  #file: FileHandle | null = null;
  #segment = 0;
  #offset = 0;
  /** Lines handed on, skipped or lost so far; lines up to `#from` are skipped. */
  #lines = 0;
  readonly #from: number;
  #rest: Buffer = Buffer.alloc(0);
  #restAt = 0n;
  /** Inside of a line whose start is lost. */
  #headless = false;
  #dropped = 0;

  constructor(dir: string, from: number) {
    this.#dir = dir;
    this.#from = from;
  }

  /** What is there now, at most about 256 KiB of it; null when there is nothing new. */
  async read(): Promise<readonly SpoolChunk[] | null> {
    if (this.#file === null && !(await this.#openNext())) return null;
    const chunks = await this.#readRecords();
    if (chunks !== null) return chunks;
    // The end of this file, for good if there is a next one; but then it may have grown before that was made.
    if (!(await this.#hasNext())) return null;
    const late = await this.#readRecords();
    if (late !== null) return late;
    await this.#file?.close();
    this.#file = null;
    return this.read();
  }

  /** After the end of the command: the last line, if it has no LF. `total`: the lines of the command in all, if known. */
  rest(total: number | null): SpoolChunk | null {
    const bytes = this.#rest;
    if (bytes.length > 0) this.#lines++;
    this.#rest = Buffer.alloc(0);
    const isNew = this.#lines > this.#from;
    const lost = total === null ? 0 : total - Math.max(this.#lines, this.#from);
    if (lost > 0) {
      this.#dropped += lost;
      this.#lines = total ?? this.#lines;
    }
    if (this.#dropped === 0 && (bytes.length === 0 || !isNew)) return null;
    return this.#chunk(this.#restAt, isNew ? bytes : Buffer.alloc(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #segments(): Promise<readonly number[]> {
    const names = await readdir(this.#dir).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // removed under a dyno that still runs
      throw error;
    });
    return names
      .filter((name) => /^\d{10,}\.log$/.test(name))
      .map((name) => parseInt(name, 10))
      .sort((a, b) => a - b);
  }

  async #hasNext(): Promise<boolean> {
    return (await this.#segments()).some((segment) => segment > this.#segment);
  }

  /** At first the newest file that can hold the wanted line, later the next one; the oldest there is, if that is gone. */
  async #openNext(): Promise<boolean> {
    const first = this.#segment === 0;
    let candidates = (await this.#segments()).filter((segment) => segment > this.#segment);
    if (first) candidates = await this.#fromWantedLine(candidates);
    for (const segment of candidates) {
      const file = await openIfThere(join(this.#dir, segmentName(segment)));
      if (file === null) continue; // the ring came round meanwhile
      this.#file = file;
      this.#segment = segment;
      this.#offset = 0;
      return true;
    }
    return false;
  }

  async #fromWantedLine(segments: readonly number[]): Promise<number[]> {
    for (const segment of segments.toReversed()) {
      const file = await openIfThere(join(this.#dir, segmentName(segment)));
      if (file === null) continue;
      try {
        const head = parseHead(await readAt(file, 0, headBytes), 0);
        if (head === null) continue;
        if (head.lines < this.#from || (head.lines === this.#from && head.unfinished === 0)) {
          this.#lines = head.lines;
          this.#headless = head.unfinished > 0;
          return segments.filter((other) => other >= segment);
        }
      } finally {
        await file.close();
      }
    }
    // The line after the wanted position is gone: everything from there to the oldest file is lost.
    this.#lines = segments.length === 0 ? 0 : this.#from;
    return [...segments];
  }

  /** Null when the file holds no further whole record now. */
  async #readRecords(): Promise<SpoolChunk[] | null> {
    if (this.#file === null) return null;
    const buffer = await readAt(this.#file, this.#offset, readBytes);
    const chunks: SpoolChunk[] = [];
    let at = 0;
    for (;;) {
      const head = parseHead(buffer, at);
      if (head === null || at + headBytes + head.length > buffer.length) break;
      const chunk = this.#take(head, buffer.subarray(at + headBytes, at + headBytes + head.length));
      if (chunk !== null) chunks.push(chunk);
      at += headBytes + head.length;
    }
    this.#offset += at;
    return at === 0 ? null : chunks;
  }

  #take(head: RecordHead, data: Buffer): SpoolChunk | null {
    const expected = this.#headless ? head.unfinished : this.#rest.length;
    if (head.lines > this.#lines || (!this.#headless && head.unfinished !== expected)) {
      // Something is missing. What is left of a line without its start, or its end, counts as lost with it.
      this.#dropped += head.lines - this.#lines;
      this.#lines = head.lines;
      this.#rest = Buffer.alloc(0);
      this.#headless = head.unfinished > 0;
    }
    let bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    if (this.#headless) {
      const end = firstLineEnd(data, head.unfinished);
      if (end === -1) return null;
      this.#headless = false;
      this.#lines++;
      if (this.#lines > this.#from) this.#dropped++;
      bytes = data.subarray(end);
    }
    return this.#cut(head.atMicros, bytes);
  }

  /** Keeps the last, unfinished line for the next time. */
  #cut(atMicros: bigint, bytes: Buffer): SpoolChunk | null {
    let start = 0;
    let end = 0;
    let handed = false;
    for (;;) {
      const length = firstLineEnd(bytes.subarray(end), 0);
      if (length === -1) break;
      end += length;
      this.#lines++;
      if (this.#lines <= this.#from) start = end;
      else handed = true;
    }
    this.#rest = Buffer.from(bytes.subarray(end));
    this.#restAt = atMicros;
    return handed ? this.#chunk(atMicros, Buffer.from(bytes.subarray(start, end))) : null;
  }

  #chunk(atMicros: bigint, bytes: Buffer): SpoolChunk {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { atMicros, bytes, lines: this.#lines, dropped };
  }
}

interface RecordHead {
  readonly atMicros: bigint;
  readonly lines: number;
  readonly unfinished: number;
  readonly length: number;
}

function parseHead(buffer: Buffer, at: number): RecordHead | null {
  if (at + headBytes > buffer.length) return null;
  return {
    atMicros: buffer.readBigUInt64LE(at),
    lines: Number(buffer.readBigUInt64LE(at + 8)),
    unfinished: buffer.readUInt32LE(at + 16),
    length: buffer.readUInt32LE(at + 20),
  };
}

/** Bytes up to and with the end of the first line, of which `before` bytes came earlier; -1 if it does not end here. */
function firstLineEnd(bytes: Buffer, before: number): number {
  const room = lineBytes - before;
  const lf = bytes.subarray(0, room + 1).indexOf(0x0a);
  if (lf !== -1) return lf + 1;
  return bytes.length > room ? room : -1;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function segmentName(segment: number): string {
  return `${String(segment).padStart(10, '0')}.log`;
}
