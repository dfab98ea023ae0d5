import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlatformRig } from './platform-rig.ts';

/** Where the operator's token or the secret key of this platform can be read that must not hold them: its log, its temporary files. */
export async function leakedSecrets(
  rig: Pick<PlatformRig, 'dataDir' | 'home' | 'platformLog' | 'token'>,
): Promise<readonly string[]> {
  const key = await readFile(join(rig.dataDir, 'secret-key'), 'utf8').catch(() => '');
  const secrets = [rig.token, key.trim()].filter((secret) => secret !== '');
  const holds = (text: string): boolean => secrets.some((secret) => text.includes(secret));
  const found = holds(rig.platformLog) ? ["the platform's log"] : [];
  const temporary = join(rig.home, 'tmp');
  for (const entry of await readdir(temporary, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && holds(await readFile(path, 'latin1').catch(() => ''))) found.push(path);
  }
  return found;
}
