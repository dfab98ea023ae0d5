import { forEachLine, type Frame, type StoredLine } from '../frame.ts';

/** Lines that go out in one request or one write. */
export interface DrainBatch {
  /** Number of its last line. */
  readonly last: number;
  /** How many messages it has; 0 when all of its lines are left out. */
  readonly count: number;
  readonly bytes: Buffer;
}

export interface BatchOptions {
  /** Lines up to this number have gone out. */
  readonly after: number;
  readonly maxBytes: number;
  /** A batch ends with this line, if it comes to it: it is to be the same as before a restart. */
  readonly cutAt: number | null;
  /** Null leaves the line out. */
  format(line: StoredLine): Buffer | null;
}

/** Formats as much as a batch takes, when it is asked for. */
export function* batchesOf(frames: readonly Frame[], options: BatchOptions): Generator<DrainBatch> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let last = options.after;
  const batch = (): DrainBatch => {
    const made = { last, count: parts.length, bytes: Buffer.concat(parts) };
    parts = [];
    bytes = 0;
    return made;
  };
  for (const frame of frames) {
    for (const line of linesOf(frame, options.after)) {
      const part = options.format(line);
      if (part !== null && bytes > 0 && bytes + part.length > options.maxBytes) yield batch();
      if (part !== null) {
        parts.push(part);
        bytes += part.length;
      }
      last = line.number;
      if (last === options.cutAt) yield batch();
    }
  }
  if (last > options.after) yield batch();
}

function linesOf(frame: Frame, after: number): readonly StoredLine[] {
  const lines: StoredLine[] = [];
  forEachLine(frame, (line) => {
    if (line.number > after) lines.push(line);
  });
  return lines;
}
