import type { AppLog } from './app-log.ts';
import type { Frame } from './frame.ts';
import { TailBuffer } from './tail-buffer.ts';

/**
 * All lines of a log behind number `after`, for as long as it is there: from the disk for whoever is behind, from memory for
 * whoever keeps up. A line is handed out only once it is on disk, so that a number means the same line after a crash. Numbers
 * that are left out are of lines that were gone before they could be read. Ends with the signal or with the log.
 */
export async function* followLog(
  log: AppLog,
  after: number,
  options: { readonly maxBufferBytes: number; readonly signal: AbortSignal },
): AsyncGenerator<readonly Frame[]> {
  const { signal } = options;
  const tail = new TailBuffer(options.maxBufferBytes, (frame) => frame.origins.map(() => true));
  const stop = (): void => {
    tail.end();
  };
  log.follow(tail);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let position = after;
  let disk = log.readForward();
  try {
    while (!tail.ended) {
      const first = tail.firstNumber;
      let frames: readonly Frame[];
      if (first !== null && first <= position + 1) {
        ({ frames } = tail.take());
        await log.flush();
        // Its place is behind these, which it need not read.
        disk = log.readForward();
      } else {
        await log.flush();
        frames = await disk.next(position);
        if (frames.length === 0 && first === null) await tail.changed();
        // The disk has not taken what is missing.
        if (frames.length === 0 && first !== null) position = first - 1;
      }
      const news = frames.filter((frame) => frame.first + frame.count - 1 > position);
      const last = news.at(-1);
      if (last === undefined) continue;
      position = last.first + last.count - 1;
      yield news;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    log.unfollow(tail);
  }
}
