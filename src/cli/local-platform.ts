import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defaultDataDir, type Environment } from '../config/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { PlatformFile } from '../server.ts';
import { parsePlatformUrl, type PlatformUrl } from './platforms/platform-url.ts';

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

/** What to call it by: an operator's own certificate is for the domain, an address other than the usual ones answers under its own name. */
export function localUrl({ bind, port, domain, hasOwnCertificate }: PlatformFile): PlatformUrl {
  if (hasOwnCertificate) return parsePlatformUrl(`https://${domain}:${port}`);
  if (['127.0.0.1', '0.0.0.0', '::1', '::'].includes(bind)) return parsePlatformUrl(`http://localhost:${port}`);
  return parsePlatformUrl(`https://${bind.includes(':') ? `[${bind}]` : bind}:${port}`);
}

/** The platform's private CA; null with the operator's own certificate. */
export async function readLocalCa(dataDir: string): Promise<string | null> {
  return readFile(join(dataDir, 'tls', 'ca.pem'), 'utf8').catch(() => null);
}
