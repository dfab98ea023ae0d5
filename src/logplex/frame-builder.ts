import type { LogLine } from '../model/log.ts';
import { headBytes, lineHeadBytes, sealFrame, type Frame, type Origin } from './frame.ts';

/** A longer message becomes several lines. Source: https://devcenter.heroku.com/articles/logging#log-message-limits */
export const maxMessageBytes = 10_000;

/** 31 December 9999; what comes later cannot be written as a timestamp. */
const maxMicros = 253_402_300_799_999_999n;

/** Encodes lines into one frame. The messages are copied, so that a 100-byte line does not hold on to a reader's whole chunk. */
export class FrameBuilder {
  readonly #first: number;
  #room: Buffer;
  #end = headBytes;
  #count = 0;
  readonly #origins: Origin[] = [];
  readonly #indexes = new Map<string, number>();
  #lastOrigin = -1;
  readonly #cursors = new Map<string, number>();
  #lastReader: string | null = null;
  #lastPosition = 0;

  constructor(first: number, expectedBytes: number) {
    this.#first = first;
    this.#room = Buffer.allocUnsafe(Math.max(512, expectedBytes));
  }

  get bytes(): number {
    return this.#end;
  }

  get count(): number {
    return this.#count;
  }

  add(line: LogLine): void {
    const origin = this.#originOf(line);
    const micros = line.atMicros < 0n ? 0n : line.atMicros > maxMicros ? maxMicros : line.atMicros;
    const { message } = line;
    if (typeof message === 'string') {
      // Three bytes per UTF-16 unit is the most that UTF-8 takes.
      if (message.length * 3 <= maxMessageBytes) this.#addString(message, origin, micros);
      else this.#addBytes(Buffer.from(message), origin, micros);
    } else {
      this.#addBytes(message, origin, micros);
    }
    if (line.cursor !== undefined) this.#keepCursor(line.cursor.reader, line.cursor.position);
  }

  seal(): Frame {
    if (this.#lastReader !== null) this.#cursors.set(this.#lastReader, this.#lastPosition);
    return sealFrame(this.#room, this.#end, {
      first: this.#first,
      count: this.#count,
      origins: this.#origins,
      cursors: Object.fromEntries(this.#cursors),
    });
  }

  #addString(message: string, origin: number, micros: bigint): void {
    this.#reserve(message.length * 3);
    const length = this.#room.write(message, this.#end + lineHeadBytes, 'utf8');
    this.#finishLine(length, origin, micros);
  }

  #addBytes(message: Uint8Array, origin: number, micros: bigint): void {
    let from = 0;
    do {
      const to = cutBefore(message, from);
      this.#reserve(to - from);
      this.#room.set(
        from === 0 && to === message.length ? message : message.subarray(from, to),
        this.#end + lineHeadBytes,
      );
      this.#finishLine(to - from, origin, micros);
      from = to;
    } while (from < message.length);
  }

  #finishLine(length: number, origin: number, micros: bigint): void {
    this.#room.writeUInt32LE(length, this.#end);
    this.#room.writeUInt16LE(origin, this.#end + 4);
    this.#room.writeBigInt64LE(micros, this.#end + 6);
    this.#end += lineHeadBytes + length;
    this.#count += 1;
  }

  #reserve(messageBytes: number): void {
    const wanted = this.#end + lineHeadBytes + messageBytes;
    if (wanted <= this.#room.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.#room.length * 2));
    this.#room.copy(larger, 0, 0, this.#end);
    this.#room = larger;
  }

  #originOf(line: LogLine): number {
    const last = this.#origins[this.#lastOrigin];
    if (last !== undefined && last.process === line.process && last.source === line.source) return this.#lastOrigin;
    const key = `${line.source} ${line.process}`;
    const known = this.#indexes.get(key);
    this.#lastOrigin = known ?? this.#origins.push({ source: line.source, process: line.process }) - 1;
    if (known === undefined) this.#indexes.set(key, this.#lastOrigin);
    return this.#lastOrigin;
  }

  #keepCursor(reader: string, position: number): void {
    if (reader !== this.#lastReader) {
      if (this.#lastReader !== null) this.#cursors.set(this.#lastReader, this.#lastPosition);
      this.#lastReader = reader;
    }
    this.#lastPosition = position;
  }
}

/** Where the line that starts at `from` ends: after 10,000 bytes at most, and not inside a UTF-8 character if that can be avoided. */
function cutBefore(message: Uint8Array, from: number): number {
  const limit = from + maxMessageBytes;
  if (message.length <= limit) return message.length;
  for (let cut = limit; cut > limit - 4; cut -= 1) {
    if (((message[cut] ?? 0) & 0xc0) !== 0x80) return cut;
  }
  return limit;
}
