import { fstatSync, ftruncateSync, writeSync } from 'node:fs';

const standardError = 2;
const maxBytes = 1024 * 1024;

/** Writes to the router process's own small log, which starts anew when it is full: nobody may be there to read it. */
export function report(event: string, error: unknown): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    const stat = fstatSync(standardError);
    if (stat.isFile() && stat.size > maxBytes) ftruncateSync(standardError, 0);
    writeSync(standardError, `${JSON.stringify({ time: new Date().toISOString(), event, detail })}\n`);
  } catch {
    // A full disk must not stop the router, and there is nowhere else to say so.
  }
}
