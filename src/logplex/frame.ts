import { crc32 } from 'node:zlib';
import type { LogSource } from '../model/log.ts';

/**
 * The unit in which log lines are written, checked after a crash, and handed to tail sessions: some lines of one app.
 *
 *     "HLF1" | u32 length of body | u32 CRC-32 of body | body
 *     body: u32 length of lines | lines | meta (JSON)
 *     line: u32 length of message | u16 index of origin | i64 micros | message
 *
 * The meta carries what the lines share: the number of the first, their origins, and how far their readers had come.
 * One checksum over many lines, and no reader id per line, is what makes 500,000 lines a second affordable.
 */
export interface Frame {
  /** All of it, as it stands on disk. */
  readonly bytes: Buffer;
  /** Number of the first line; the lines of an app are numbered from 1. */
  readonly first: number;
  readonly count: number;
  readonly origins: readonly Origin[];
  /** Reader -> position of its last line in this frame. */
  readonly cursors: Readonly<Record<string, number>>;
}

export interface Origin {
  readonly source: LogSource;
  readonly process: string;
}

export interface StoredLine {
  readonly number: number;
  readonly micros: bigint;
  readonly origin: Origin;
  readonly message: Buffer;
}

interface FrameMeta {
  readonly first: number;
  readonly count: number;
  readonly origins: readonly (readonly [LogSource, string])[];
  readonly cursors: Readonly<Record<string, number>>;
}

const magic = Buffer.from('HLF1');
export const headBytes = 16;
export const lineHeadBytes = 14;

/** Puts the head and the meta around lines that were encoded from byte 16 on. `room` holds nothing else. */
export function sealFrame(room: Buffer, linesEnd: number, frame: Omit<Frame, 'bytes'>): Frame {
  const meta: FrameMeta = { ...frame, origins: frame.origins.map(({ source, process }) => [source, process]) };
  const metaBytes = Buffer.from(JSON.stringify(meta));
  const bytes = Buffer.allocUnsafeSlow(linesEnd + metaBytes.length);
  room.copy(bytes, 0, 0, linesEnd);
  metaBytes.copy(bytes, linesEnd);
  magic.copy(bytes, 0);
  bytes.writeUInt32LE(bytes.length - 12, 4);
  bytes.writeUInt32LE(linesEnd - headBytes, 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8);
  return { ...frame, bytes };
}

/** The frame that starts at `offset`, or null when what stands there is not a whole one (torn by a crash or a full disk). */
export function readFrame(file: Buffer, offset: number): Frame | null {
  if (offset + headBytes > file.length || magic.compare(file, offset, offset + 4) !== 0) return null;
  const end = offset + 12 + file.readUInt32LE(offset + 4);
  if (end > file.length || end < offset + headBytes) return null;
  if (crc32(file.subarray(offset + 12, end)) !== file.readUInt32LE(offset + 8)) return null;
  const linesEnd = offset + headBytes + file.readUInt32LE(offset + 12);
  // The checksum vouches for the meta: it is what sealFrame wrote.
  const meta = JSON.parse(file.toString('utf8', linesEnd, end)) as FrameMeta;
  return {
    bytes: file.subarray(offset, end),
    first: meta.first,
    count: meta.count,
    origins: meta.origins.map(([source, process]) => ({ source, process })),
    cursors: meta.cursors,
  };
}

/** The whole frames that stand one behind the other from the start of these bytes. */
export function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const frame = readFrame(bytes, at);
    if (frame === null) break;
    frames.push(frame);
    at += frame.bytes.length;
  }
  return frames;
}

/** How long the frame is whose first bytes these are; null when they are too few to tell, or no frame's. */
export function frameLength(bytes: Buffer): number | null {
  if (bytes.length < headBytes || magic.compare(bytes, 0, 4) !== 0) return null;
  return 12 + bytes.readUInt32LE(4);
}

/** Calls `visit` for each line, oldest first. The message is a view of the frame's bytes. */
export function forEachLine(frame: Frame, visit: (line: StoredLine) => void, matches?: readonly boolean[]): void {
  const { bytes } = frame;
  const end = headBytes + bytes.readUInt32LE(12);
  let number = frame.first;
  for (let at = headBytes; at < end; number += 1) {
    const length = bytes.readUInt32LE(at);
    const index = bytes.readUInt16LE(at + 4);
    const from = at + lineHeadBytes;
    const origin = frame.origins[index];
    if (origin !== undefined && (matches === undefined || matches[index] === true)) {
      visit({ number, micros: bytes.readBigInt64LE(at + 6), origin, message: bytes.subarray(from, from + length) });
    }
    at = from + length;
  }
}

/** How many lines have an origin that matches; walks the line heads only. */
export function countMatching(frame: Frame, matches: readonly boolean[]): number {
  if (matches.every((match) => match)) return frame.count;
  if (matches.every((match) => !match)) return 0;
  const { bytes } = frame;
  const end = headBytes + bytes.readUInt32LE(12);
  let count = 0;
  for (let at = headBytes; at < end; at += lineHeadBytes + bytes.readUInt32LE(at)) {
    if (matches[bytes.readUInt16LE(at + 4)] === true) count += 1;
  }
  return count;
}
