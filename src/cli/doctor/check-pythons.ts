import { join } from 'node:path';
import { packageRoot } from '../../lib/package-root.ts';
import { spawn } from '../../lib/spawn.ts';
import { degraded, ok, type Finding } from './finding.ts';

const name = 'pythons';

/** The interpreters that apps can have without a download: asked of the Python buildpack itself, so that both agree. */
export async function checkPythons(): Promise<Finding> {
  const library = join(packageRoot, 'buildpacks', 'python', 'lib');
  const script = 'source "$1/survey.sh" && source "$1/source-machine.sh" && survey::ask machine && machine::list';
  const result = await spawn('/bin/bash', ['-c', script, 'bash', library], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
    timeoutMs: 20_000,
  }).catch(() => null);
  // version, source, path, as source-machine.sh prints them
  const found = (result?.stdout.toString('utf8') ?? '').split('\n').flatMap((line) => {
    const [version, source, path] = line.split('\t');
    return source === 'machine' && path !== undefined ? [`${version ?? ''} (${path})`] : [];
  });
  if (found.length > 0) return ok(name, `${found.join(', ')}; other versions are downloaded by the builds`, false);
  const complaint = result?.exitCode === 0 ? '' : ` (${result?.stderr.trim() ?? 'bash could not be run'})`;
  return degraded(name, {
    evidence: `no Python that apps could run with${complaint}`,
    lost: 'every app’s first build downloads one, and fails where it can’t',
    remedy: 'Install python3.',
    packages: ['python3'],
  });
}
