import { expect, it } from '@jest/globals';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/lib/spawn.ts';
import { buildpackDir, PythonBuild } from './python-build.ts';

const candidates = [
  '3.15.1\tstandalone\t/c/3.15.1',
  '3.14.7\tstandalone\t/c/3.14.7',
  '3.13.15\tstandalone\t/c/3.13.15',
  '3.13.0\tstandalone\t/c/3.13.0',
  '3.11.16\tstandalone\t/c/3.11.16',
  '3.13.5\tdistribution\t/c/d/3.13.5',
  '3.11.2\tmachine\t/usr/bin/python3.11',
].join('\n');

it.each([
  ['>=3.10', '', '3.14.7 standalone'],
  ['>=3.10', '3.13', '3.13.15 standalone'],
  ['>=3.10', '3.12', '3.14.7 standalone'],
  ['==3.13.*', '', '3.13.15 standalone'],
  ['==3.13.5', '', '3.13.5 distribution'],
  ['==3.11.2', '', '3.11.2 machine'],
  ['>=3.11,<3.14', '', '3.13.15 standalone'],
  ['~=3.11.0', '', '3.11.16 standalone'],
  ['>=3.10, !=3.14.*', '', '3.13.15 standalone'],
  ['<3.11.5,>=3.11', '', '3.11.2 machine'],
  ['==3.12.*', '', ''],
  ['>=3.15', '', ''],
])('of what can be had, %s (last time: "%s") is %s', async (specifier, sticky, expected) => {
  const args = ['-I', '-S', join(buildpackDir, 'lib/versions.py'), 'pick', specifier, '3.14', sticky];
  const picked = (await run('/usr/bin/python3', args, { stdin: candidates })).toString().trim();
  expect(picked.split('\t').slice(0, 2).join(' ')).toBe(expected);
});

it('uses what the machine has when nothing was asked for, says so, and stays with it', async () => {
  await using build = await PythonBuild.start();
  await build.source({ 'requirements.txt': '' });
  const first = await build.compile();
  const version = String(first.report['python_version']);
  expect(first.output).toContain(
    `-----> No Python version was specified. Using ${version.startsWith('3.14.') ? 'the buildpack default: ' : ''}Python ${version}`,
  );

  await build.source({ 'requirements.txt': '' });
  expect((await build.compile()).output).toContain(`Using the same major version as the last build: Python ${version}`);

  const series = version.replace(/\.\d+$/, '');
  await build.source({ 'requirements.txt': '', '.python-version': `\ufeff# ours\r\n${series}\r\n` });
  expect((await build.compile()).output).toContain(`-----> Using Python ${version} specified in .python-version`);
  await build.source({
    'pyproject.toml': '',
    'setup.py': 'from setuptools import setup\nsetup(python_requires=">=3.10,<4")\n',
    'requirements.txt': '',
  });
  expect((await build.compile()).output).toContain(
    `-----> Using Python ${version}, which satisfies '>=3.10,<4' in setup.py`,
  );
});

it('gets another version through uv, once, and gives up at once where the host of interpreters cannot be reached', async () => {
  await using build = await PythonBuild.start();
  // A uv of straw, whose interpreter is the machine's in a folder of its own.
  const bin = join(build.cacheDir, '../fake-bin');
  const mirror = join(build.cacheDir, '../mirror');
  const log = join(build.cacheDir, '../uv.log');
  await mkdir(bin);
  const machine = (await run('/usr/bin/python3', ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']))
    .toString()
    .trim();
  const series = machine.replace(/\.\d+$/, '');
  const uv = `#!/bin/bash
echo "$*" >> ${log}
if [[ "$2" == list ]]; then
  echo '[{"version":"${machine}","implementation":"cpython","variant":"default"},{"version":"3.15.0a1","implementation":"cpython"}]'
else
  d="$UV_PYTHON_INSTALL_DIR/cpython-$3-linux"; mkdir -p "$d/bin" "$d/lib/python${series}"
  cp /usr/bin/python${series} "$d/bin/"; ln -s python${series} "$d/bin/python3"
  cp -r /usr/lib/python${series}/. "$d/lib/python${series}/" && rm -rf "$d/lib/python${series}/test"
fi
`;
  await writeFile(join(bin, 'uv'), uv);
  await chmod(join(bin, 'uv'), 0o755);
  const env = {
    PYTHON_BUILDPACK_SOURCES: 'standalone machine',
    UV_PYTHON_INSTALL_MIRROR: `file://${mirror}`,
    PATH: `${bin}:/usr/bin:/bin`,
  };
  const source = { 'requirements.txt': '', '.python-version': machine };

  await build.source(source);
  expect(await build.compile(env)).toMatchObject({ exitCode: 0, report: { python_source: 'machine' } });
  await expect(readFile(log, 'utf8')).rejects.toThrow('ENOENT');

  await mkdir(mirror);
  await using other = await PythonBuild.start();
  await other.source(source);
  const first = await other.compile(env);
  expect(first).toMatchObject({ exitCode: 0, report: { python_source: 'standalone', python_version: machine } });
  expect(first.output).toContain(`-----> Installing Python ${machine}`);
  const prefix = await other.runDyno('python -c "import sys, json; print(sys.prefix, sys.base_prefix)"');
  expect(prefix.output).toMatch(/^(\S+\/dyno-1\/\.heroku\/python) \1\/base\n$/);

  const calls = await readFile(log, 'utf8');
  await other.source(source);
  expect((await other.compile(env)).output).not.toContain('Installing Python');
  expect(await readFile(log, 'utf8')).toBe(calls);
});
