import { open } from 'node:fs/promises';
import type { OutputWriter } from './output-writer.ts';

export interface StreamReading {
  /** Nothing will follow what is there. */
  readonly hasEnded: boolean;
  /** Bytes that are there now. */
  readonly sizeBytes: number;
  /** From the first byte wanted to the end of the stream; waits for what is still to be written. */
  chunks(): AsyncGenerator<Buffer>;
}

const chunkBytes = 64 * 1024;

export async function readStream(
  path: string,
  live: OutputWriter | null,
  from: number,
  signal: AbortSignal,
): Promise<StreamReading> {
  const sizeBytes = live?.writtenBytes ?? (await sizeOf(path));
  return { hasEnded: live === null, sizeBytes, chunks: () => chunksOf(path, live, from, signal) };
}

async function* chunksOf(
  path: string,
  live: OutputWriter | null,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  // A stream that has only just begun may not have its file yet.
  while (live !== null && live.writtenBytes === 0 && !live.hasEnded && !signal.aborted) await live.changed(signal);
  const file = await open(path, 'r');
  try {
    let position = from;
    while (!signal.aborted) {
      // Asked before the read: what is written after the read's end is seen the next time round.
      const isLast = live?.hasEnded ?? true;
      const known = live?.writtenBytes ?? 0;
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
      position += bytesRead;
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      else if (isLast) return;
      else if (live?.writtenBytes === known) await live.changed(signal);
    }
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
