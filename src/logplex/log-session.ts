import type { LogFilter } from '../model/log.ts';
import type { AppLog } from './app-log.ts';
import { formatLine, formatMicros } from './format-line.ts';
import { forEachLine, type Frame } from './frame.ts';
import { matchOrigins } from './log-filter.ts';
import { TailBuffer, type Overflow } from './tail-buffer.ts';

/** One reading of an app's log. */
export interface LogSession {
  readonly tail: boolean;
  /** Batches of formatted lines, oldest first; ends after the backlog unless `tail`. An id resumes behind its line. Call it once. */
  lines(signal: AbortSignal): AsyncIterable<readonly SessionLine[]>;
}

export interface SessionLine {
  readonly id: string;
  readonly text: string;
}

export interface SessionOptions {
  /** Counted after filtering. */
  readonly lines: number;
  readonly tail: boolean;
  readonly filter: LogFilter;
}

export interface ReadingOptions extends SessionOptions {
  /** Number of the last line that the client has, or null: it has none. */
  readonly after: number | null;
  readonly maxBufferBytes: number;
}

/** Backlog first, then live lines, without a gap and without a line twice. */
export async function* readLines(
  log: AppLog,
  options: ReadingOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly SessionLine[]> {
  const matches = (frame: Frame) => matchOrigins(frame, options.filter);
  const tail = new TailBuffer(options.maxBufferBytes, matches);
  const to = options.tail ? log.attach(tail) : log.lastNumber();
  const stop = () => {
    tail.end();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    // A number that this log has not reached is of another log; it must not hide the lines to come.
    const after = Math.min(options.after ?? 0, to);
    const lines = options.after === null ? options.lines : Infinity;
    const backlog = await log.readBack({ to, after, lines, matches });
    yield* formatFrames(backlog.frames, matches, { after, skip: backlog.skip, signal });
    while (options.tail) {
      await tail.changed();
      const { frames, overflow } = tail.take();
      // The client resumes behind what it was shown: after a crash a number has to mean the same line.
      await log.flush();
      if (signal.aborted) return;
      const first = frames[0];
      if (overflow !== null && first !== undefined) yield [overflowLine(overflow, first.first - 1)];
      yield* formatFrames(frames, matches, { after: 0, skip: 0, signal });
      if (tail.ended && frames.length === 0) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    log.detach(tail);
  }
}

/** Formats a frame when its reader asks for it, not before. */
function* formatFrames(
  frames: readonly Frame[],
  matches: (frame: Frame) => readonly boolean[],
  range: { after: number; skip: number; signal: AbortSignal },
): Generator<readonly SessionLine[]> {
  let skip = range.skip;
  for (const frame of frames) {
    if (range.signal.aborted) return;
    const batch: SessionLine[] = [];
    forEachLine(
      frame,
      (line) => {
        if (line.number <= range.after) return;
        if (skip > 0) skip -= 1;
        else batch.push({ id: String(line.number), text: formatLine(line) });
      },
      matches(frame),
    );
    if (batch.length > 0) yield batch;
  }
}

/** Source of the text: https://devcenter.heroku.com/articles/error-codes#l11-tail-buffer-overflow */
function overflowLine({ dropped, since }: Overflow, lastDropped: number): SessionLine {
  const micros = (date: Date) => BigInt(date.getTime()) * 1000n;
  const text = `Error L11 (Tail buffer overflow) -> This tail session dropped ${dropped} messages since ${formatMicros(micros(since))}.`;
  return {
    id: String(lastDropped),
    text: `${formatMicros(micros(new Date()))} heroku[logplex]: ${text}`,
  };
}
