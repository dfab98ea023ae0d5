import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../lib/package-root.ts';
import { spawn } from '../../lib/spawn.ts';

/** What the buildpack's index client exits with when no index answers. */
const unreachable = 3;

/** True when the index that the Python buildpack would install from answers; asked with the buildpack's own client, so that its settings count. */
export async function reachesPackageIndex(env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const client = join(packageRoot, 'buildpacks', 'python', 'lib', 'simple_index.py');
  const variables = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const dir = await mkdtemp(join(tmpdir(), 'hokku-index-'));
  try {
    const args = [client, 'pip', '0', '3.11.0', dir];
    const { exitCode, timedOut } = await spawn('python3', args, {
      env: Object.fromEntries(variables),
      timeoutMs: 30_000,
    });
    return exitCode !== unreachable && !timedOut;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
