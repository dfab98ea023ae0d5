import { join } from 'node:path';
import { packageRoot } from '../../lib/package-root.ts';
import { spawn } from '../../lib/spawn.ts';

/** True when the index that the Python buildpack would install from answers; asked with the buildpack's own client, so that its settings count. */
export async function reachesPackageIndex(env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const client = join(packageRoot, 'buildpacks', 'python', 'lib', 'simple_index.py');
  const variables = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { exitCode } = await spawn('python3', [client, 'reachable'], {
    env: Object.fromEntries(variables),
    timeoutMs: 20_000,
  });
  return exitCode === 0;
}
