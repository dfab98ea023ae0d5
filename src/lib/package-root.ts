import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json, found upwards, so that it is the same from `src/` (tests) and from `dist/`. */
export const packageRoot = findUpwards(import.meta.dirname);

/** A compiled program of ours, to be started as its own process. */
export function distPath(...parts: string[]): string {
  return join(packageRoot, 'dist', ...parts);
}

function findUpwards(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('Internal: package.json is missing above the program');
  return findUpwards(parent);
}
