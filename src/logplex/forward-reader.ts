import { frameLength, readFrames, type Frame } from './frame.ts';
import type { SegmentFolder } from './segment-folder.ts';

/** What is read at once: a reader who is far behind holds no more of the log than this. */
const pieceBytes = 128 * 1024;
/** A frame is sealed long before; more is not one of ours. */
const maxFrameBytes = 64 * 1024 * 1024;

/** Reads an app's log from the disk in order, a piece at a time, beside its writer. */
export class ForwardReader {
  readonly #folder: SegmentFolder;
  #segment: number | null = null;
  #offset = 0;

  constructor(folder: SegmentFolder) {
    this.#folder = folder;
  }

  /** The next frames with lines behind number `after`, which never goes back; none when all that is on disk has been read. */
  async next(after: number): Promise<readonly Frame[]> {
    this.#segment ??= await this.#segmentOf(after);
    while (this.#segment !== null) {
      const frames = await this.#readPiece(this.#segment, this.#offset);
      if (frames === null || frames.length === 0) {
        // Rotated away, or at its end: the one behind it goes on.
        const here: number = this.#segment;
        const later = this.#folder.segments.find((segment) => segment > here);
        if (later === undefined) return [];
        this.#segment = later;
        this.#offset = 0;
        continue;
      }
      this.#offset += frames.reduce((bytes, frame) => bytes + frame.bytes.length, 0);
      const wanted = frames.filter((frame) => frame.first + frame.count - 1 > after && frame.count > 0);
      if (wanted.length > 0) return wanted;
    }
    return [];
  }

  /** The newest segment that begins before the line behind `after`, else the oldest. */
  async #segmentOf(after: number): Promise<number | null> {
    for (const segment of this.#folder.segments.toReversed()) {
      const first = (await this.#readPiece(segment, 0))?.[0];
      if (first !== undefined && first.first <= after + 1) return segment;
    }
    return this.#folder.segments[0] ?? null;
  }

  async #readPiece(segment: number, offset: number): Promise<readonly Frame[] | null> {
    const bytes = await this.#folder.readAt(segment, offset, pieceBytes);
    if (bytes === null) return null;
    const frames = readFrames(bytes);
    const length = frameLength(bytes);
    if (frames.length > 0 || length === null || length <= bytes.length || length > maxFrameBytes) return frames;
    const whole = await this.#folder.readAt(segment, offset, length);
    return whole === null ? null : readFrames(whole);
  }
}
