import { statfs } from 'node:fs/promises';

/** Of the disk that a folder lies on, for users other than root. */
export interface FreeSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Infinity where the file system makes them as they are needed. */
  readonly freeInodes: number;
}

export async function freeSpace(dir: string): Promise<FreeSpace> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(dir);
  return {
    totalBytes: blocks * bsize,
    freeBytes: bavail * bsize,
    freeInodes: files === 0 ? Infinity : ffree,
  };
}
