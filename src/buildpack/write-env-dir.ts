import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigVars } from '../model/release.ts';

/** Writes ENV_DIR: one file per config var, its value as it is, readable by the build's user only. */
export async function writeEnvDir(dir: string, configVars: ConfigVars): Promise<void> {
  await mkdir(dir, { mode: 0o700 });
  for (const [key, value] of Object.entries(configVars)) {
    // Keys are validated where they are set; one that is no file name can't be handed to a buildpack.
    if (key === '' || key === '.' || key === '..' || /[/\0]/.test(key)) continue;
    await writeFile(join(dir, key), value, { mode: 0o600, flag: 'wx' });
  }
}
