import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ScriptsLeft } from '../build/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { exists } from '../lib/exists.ts';
import { run } from '../lib/spawn.ts';

/** Throws a PlatformError if something is at `dir` already. */
export async function requireFree(dir: string): Promise<void> {
  if (await exists(dir)) {
    throw new PlatformError(
      'conflict',
      `${dir} is there already. Remove it, or name a folder that does not exist yet.`,
    );
  }
}

/** Copies what the scripts left to a new folder: `build/`, `cache/`, `env/`, `buildpacks/`, `home/`, all with their modes. */
export async function keepBuild({ space, dir: workDir }: ScriptsLeft, dir: string): Promise<void> {
  await requireFree(dir);
  await mkdir(dir, { recursive: true });
  const onHost = (inside: string): string => (space.sandbox.hasPrivatePaths ? join(workDir, inside) : inside);
  const folders = {
    build: onHost(space.buildDir),
    cache: onHost(space.cacheDir),
    env: onHost(space.envDir),
    buildpacks: join(space.tmpDir, 'codon', 'tmp', 'buildpacks'),
    home: space.homeDir,
  };
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
  for (const [name, from] of Object.entries(folders)) {
    // Scripts may have put a link in the place of a folder; it is copied as a link.
    if (await exists(from)) await run('cp', ['-a', '-T', '--', from, join(dir, basename(name))], { env });
  }
}
