import { closeSync, constants, openSync, readSync } from 'node:fs';

/** The ring of the kernel has at most this many records on common machines; one read gives one record. */
const maxRecords = 200_000;
const recordBytes = 8192;

/**
 * The name of the process that the kernel killed last because the group `path` (its end is enough) was out of memory. Null where
 * we may not read the kernel's log. The name is what the process calls itself: printable characters only are kept.
 * Source: Documentation/ABI/testing/dev-kmsg
 */
export function killedProcess(path: string): string | null {
  let name: string | null = null;
  for (const record of kernelRecords()) {
    const found = /oom-kill:.*,oom_memcg=([^,]*),.*,task=(.*),pid=(\d+),uid=/.exec(record);
    if (found?.[1]?.endsWith(path) === true) name = (found[2] ?? '').replace(/[^\x20-\x7e]|\\x[0-9a-f]{2}/g, '?');
  }
  return name;
}

function* kernelRecords(): Generator<string> {
  let file: number;
  try {
    file = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return; // not for this user
  }
  try {
    const buffer = Buffer.alloc(recordBytes);
    for (let n = 0; n < maxRecords; n += 1) {
      const length = readRecord(file, buffer);
      if (length === null) return;
      yield buffer.toString('latin1', 0, length);
    }
  } finally {
    closeSync(file);
  }
}

/** Null at the end. */
function readRecord(file: number, buffer: Buffer): number | null {
  try {
    return readSync(file, buffer);
  } catch (error) {
    // EPIPE: this record was overwritten before we came; the next read goes on after it.
    return (error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : null;
  }
}
