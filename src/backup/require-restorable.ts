import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';

/** Throws unless a new folder can take this place by a rename. */
export async function requireRestorable(dataDir: string): Promise<void> {
  const stats = await stat(dataDir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (stats === null) return;
  if (!stats.isDirectory()) throw refusal('conflict', `${dataDir} is not a folder. Give another one with --data.`);
  const [first] = await readdir(dataDir);
  if (first !== undefined) {
    const what = `${dataDir} is not empty (there is ${first}), and a restore never overwrites anything.`;
    throw refusal(
      'conflict',
      `${what} Give a new folder with --data, or move this one away first (\`hokku stop\` ends what runs in it).`,
    );
  }
  if (stats.dev !== (await stat(dirname(dataDir))).dev) {
    throw refusal(
      'invalid_params',
      `${dataDir} is the root of a disk of its own, which can't be replaced in one step. Restore into a folder on it (--data ${dataDir}/hokku) and set HOKKU_DATA_DIR to that.`,
    );
  }
}

function refusal(id: 'conflict' | 'invalid_params', message: string): PlatformError {
  return new PlatformError(id, message);
}
