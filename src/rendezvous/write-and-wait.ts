import type { Writable } from 'node:stream';

/** Resolves when there is room for more, or nobody to write to. */
export function writeAndWait(stream: Writable, bytes: Buffer): Promise<void> {
  if (stream.destroyed || !stream.writable || stream.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
