import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { spawn } from '../../../src/lib/spawn.ts';
import { itWithNode } from '../../rig/machine-node.ts';

/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithNode.each'] }] */
const compile = join(import.meta.dirname, '../../../buildpacks/static/bin/compile');
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'static-root-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

itWithNode.each<{ title: string; files: Readonly<Record<string, string>>; serves: string | null }>([
  { title: 'a Staticfile', files: { Staticfile: 'root: site # the pages\r\n', 'site/index.html': '' }, serves: 'site' },
  { title: 'one in quotes', files: { Staticfile: 'root: "a/b"\n', 'a/b/index.html': '' }, serves: 'a/b' },
  { title: 'one without it', files: { Staticfile: 'gzip: on\n', 'public/index.html': '' }, serves: 'public' },
  { title: 'a folder that is not there', files: { Staticfile: 'root: site\n' }, serves: null },
  { title: 'a folder outside', files: { Staticfile: 'root: site/../..\n', 'site/x': '' }, serves: null },
  { title: 'more than a name', files: { Staticfile: 'root: site; id\n', 'site; id/x': '' }, serves: null },
])('serves what $title names', async ({ files, serves }) => {
  const app = join(dir, 'app');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(app, path)), { recursive: true });
    await writeFile(join(app, path), text);
  }
  for (const name of ['cache', 'env', 'home']) await mkdir(join(dir, name));

  const { exitCode, stdout, stderr } = await spawn(compile, [app, join(dir, 'cache'), join(dir, 'env')], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: join(dir, 'home'), STACK: 'heroku-24' },
  });

  const output = `${stdout.toString()}${stderr}`;
  if (serves === null) {
    expect([exitCode, output]).toEqual([1, expect.stringContaining("Its line 'root:' says:")]);
    return;
  }
  expect([exitCode, output]).toEqual([0, expect.stringContaining(`serve.mjs ${serves}'`)]);
  expect(await readFile(join(app, '.heroku/static-release.yml'), 'utf8')).toContain(`serve.mjs ${serves}"`);
});
