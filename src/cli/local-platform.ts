import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defaultDataDir, type Environment } from '../config/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { PlatformFile } from '../server.ts';

/** The data folder that a command without a running server means: HOKKU_DATA_DIR, else ./.hokku if it is there, else the default. */
export function findDataDir(env: Environment, cwd: string, isRoot: boolean): string {
  const given = env['HOKKU_DATA_DIR'];
  if (given !== undefined && given !== '') return resolve(cwd, given);
  const local = join(cwd, '.hokku');
  return existsSync(join(local, 'platform.json')) ? local : defaultDataDir(env, isRoot);
}

/** How the platform of this data folder is reached; it need not be running now. */
export async function readPlatformFile(dataDir: string): Promise<PlatformFile> {
  try {
    return JSON.parse(await readFile(join(dataDir, 'platform.json'), 'utf8')) as PlatformFile;
  } catch (error) {
    throw new PlatformError(
      'not_found',
      `There is no platform in ${dataDir} yet. Start one with \`hokku server\`, or set HOKKU_DATA_DIR to the folder of one.`,
      { cause: error },
    );
  }
}
