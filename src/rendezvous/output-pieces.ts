import { maxFrameBytes } from '../lib/frames.ts';

const markStart = Buffer.from('\uFFFF');
const marker = Buffer.from('\uFFFF heroku-command-exit-status: ');

/** What the official CLI takes for the exit status of the command, wherever it stands in one piece. Source: heroku-cli.md 5.2. */
export function exitMarker(status: number): Buffer {
  return Buffer.concat([marker, Buffer.from(`${status}\n`)]);
}

/** Cuts output into pieces of at most one frame. A marker that the app itself wrote is cut in two: then it is text like any other. */
export function* outputPieces(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length;) {
    let end = Math.min(at + maxFrameBytes, chunk.length);
    const found = chunk.subarray(at, end).indexOf(marker);
    if (found !== -1) end = at + found + markStart.length;
    yield chunk.subarray(at, end);
    at = end;
  }
}
