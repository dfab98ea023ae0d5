import { readdirSync, readFileSync } from 'node:fs';

/** What a small file of the kernel's or the machine's holds, as bytes of latin1; null when it can't be read. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

/** The names in a folder; none when it can't be read. */
export function readdirIfThere(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
