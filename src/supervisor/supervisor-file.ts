import { existsSync } from 'node:fs';
import { distPath } from '../lib/package-root.ts';

/** The compiled supervisor. */
export function supervisorFile(): string {
  const file = distPath('supervisor', 'hokku-supervisor');
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build\`, which compiles it with cc.`);
  return file;
}
