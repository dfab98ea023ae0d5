/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itInside'] }] */
import { expect, it } from '@jest/globals';
import { cp, mkdir, mkdtemp, readFile, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, type SpawnResult } from '../../../src/lib/spawn.ts';
import { startIndex, pip } from './index-with-greeter.ts';
import { buildpackDir, fixturesDir } from './python-build.ts';

const PATH = '/usr/bin:/bin:/usr/local/bin';
const HOST = ['--ro-bind', '/usr', '/usr', '--ro-bind', '/etc', '/etc', '--proc', '/proc', '--dev', '/dev'];
const LINKS = ['bin', 'lib', 'lib64', 'sbin'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]);

/** Runs a command with `app` as /app and `tmp` as /tmp, and of the host only what dynos see. */
async function inside(
  dirs: { app: string; tmp: string },
  env: Record<string, string>,
  command: readonly string[],
): Promise<SpawnResult> {
  const vars = Object.entries({ HOME: '/app', PATH, ...env }).flatMap(([name, value]) => ['--setenv', name, value]);
  const args = ['--unshare-user', '--unshare-pid', '--die-with-parent', '--clearenv', ...HOST, ...LINKS, ...vars];
  const buildpacks = join(buildpackDir, '..');
  const binds = ['--bind', dirs.app, '/app', '--bind', dirs.tmp, '/tmp', '--ro-bind', buildpacks, '/tmp/buildpacks'];
  return spawn('bwrap', [...args, ...binds, '--', ...command], { env: { PATH }, timeoutMs: 60_000 });
}

const probe = await inside({ app: fixturesDir, tmp: tmpdir() }, {}, ['true']).catch(() => null);
const canRun = probe?.exitCode === 0 && pip !== null;
if (!canRun)
  process.stderr.write('skipped: the test of a build with a real /app, because bubblewrap or pip is missing here\n');
const itInside = canRun ? it : it.skip;

itInside('builds with a real /app beside the build folder, and the slug runs in /app', async () => {
  const root = await mkdtemp(join(tmpdir(), 'app-folder-'));
  try {
    await using index = await startIndex();
    const dirs = { app: join(root, 'app'), tmp: join(root, 'tmp') };
    const source = join(dirs.tmp, 'build_0a1b');
    for (const dir of [dirs.app, join(dirs.tmp, 'buildpacks'), source]) await mkdir(dir, { recursive: true });
    await cp(join(fixturesDir, 'python-requirements-crlf-bom'), source, { recursive: true });
    const hook = join(source, 'bin/post_compile');
    await mkdir(join(source, 'bin'));
    await cp('/usr/bin/true', hook);
    await chmod(hook, 0o755);

    const args = ['/tmp/build_0a1b', '/tmp/codon/tmp/cache', '/tmp/env'];
    const env = { STACK: 'heroku-24', PIP_INDEX_URL: index.url, PYTHON_BUILDPACK_SOURCES: 'machine' };
    const compile = await inside(dirs, env, ['/tmp/buildpacks/python/bin/compile', ...args]);
    expect({ exitCode: compile.exitCode, errors: compile.exitCode === 0 ? '' : compile.stderr }).toEqual({
      exitCode: 0,
      errors: '',
    });
    // A buildpack folder that can't be written costs later buildpacks their Python; that is said, and no more.
    expect(compile.stdout.toString()).toContain("Buildpacks after this one won't find Python");
    expect(await readFile(join(source, '.heroku/python/bin/pip'), 'utf8')).toMatch(
      /^#!\/app\/\.heroku\/python\/bin\/python\n/,
    );

    const dyno = { app: source, tmp: await mkdtemp(join(root, 'tmp-')) };
    await mkdir(join(dyno.tmp, 'buildpacks'));
    const script =
      'cd /app; for file in .profile.d/*.sh; do . "$file"; done; pip --version; python -c "import greeting; print(greeting.__file__)"';
    const ran = await inside(dyno, {}, ['bash', '-c', script]);
    expect(ran.stdout.toString()).toMatch(
      /^pip .* from \/app\/\.heroku\/python\/lib\/.*\n\/app\/\.heroku\/python\/lib\/python3\.\d+\/site-packages\/greeting\.py\n$/,
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
