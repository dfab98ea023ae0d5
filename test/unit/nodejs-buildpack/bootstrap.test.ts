/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itInside'] }] */
import { expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, type SpawnResult } from '../../../src/lib/spawn.ts';
import { NpmRegistry } from '../../rig/npm-registry.ts';

const buildpacksDir = join(import.meta.dirname, '../../../buildpacks');
const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const nodes = ['/usr/bin/node', '/usr/local/bin/node'].filter((path) => existsSync(path));
const hidden = nodes.flatMap((path) => ['--ro-bind', '/dev/null', path]);

/** Runs a command where no node is to be found but the one in `dir`, which is visible as it is. */
function withoutNode(
  dir: string,
  env: Readonly<Record<string, string>>,
  command: readonly string[],
): Promise<SpawnResult> {
  const vars = Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]);
  const system = [
    '--unshare-user',
    '--die-with-parent',
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    '--clearenv',
  ];
  const args = [...system, ...hidden, '--bind', dir, dir, ...vars, '--', ...command];
  return spawn('bwrap', args, { env: { PATH: '/usr/bin:/bin' }, timeoutMs: 60_000 });
}

const probe = await withoutNode(tmpdir(), {}, ['bash', '-c', '! node --version && curl --version']).catch(() => null);
const canRun = probe?.exitCode === 0;
if (!canRun)
  process.stderr.write('skipped: a build on a machine without Node.js, because bubblewrap or curl is missing\n');
const itInside = canRun ? it : it.skip;

itInside('fetches a first Node.js for its own work where the machine has none', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bootstrap-'));
  await using registry = await NpmRegistry.start();
  try {
    for (const name of ['source', 'cache', 'env', 'tmp']) await mkdir(join(dir, name));
    for (const name of ['nodejs', 'shared']) {
      await cp(join(buildpacksDir, name), join(dir, 'buildpacks', name), { recursive: true });
    }
    await copyFile(process.execPath, join(dir, 'real-node'));
    for (const version of ['24.1.0', '24.10.2', '26.0.0']) {
      const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo v${version}; exit; fi\nexec ${dir}/real-node "$@"\n`;
      registry.add(`node-linux-${arch}`, version, { 'bin/node': script });
    }
    registry.add('npm', '11.0.0', { 'bin/npm-cli.js': '', 'bin/npx-cli.js': '' });
    await writeFile(join(dir, 'source/package.json'), '{"scripts":{"start":"node ."}}');

    const env = {
      PATH: '/usr/bin:/bin',
      HOME: dir,
      TMPDIR: join(dir, 'tmp'),
      STACK: 'heroku-24',
      NODEJS_ORG_MIRROR: 'http://127.0.0.1:9/dist',
      npm_config_registry: registry.url,
    };
    const args = ['source', 'cache', 'env'].map((name) => join(dir, name));
    const built = await withoutNode(dir, env, [join(dir, 'buildpacks/nodejs/bin/compile'), ...args]);
    expect({ exitCode: built.exitCode, stderr: built.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(built.stdout.toString()).toContain('Using Node.js 24.10.2');
    expect((await readdir(join(dir, 'cache/node-toolchain'))).toSorted()).toEqual(['last', 'registry-24.10.2']);
    expect(registry.requests.filter((path) => path.endsWith('24.10.2.tgz'))).toHaveLength(1);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
