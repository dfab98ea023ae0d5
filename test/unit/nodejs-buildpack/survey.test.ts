import { expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../../src/lib/spawn.ts';

const lib = join(import.meta.dirname, '../../../buildpacks/nodejs/lib');

async function inApp<T>(files: Readonly<Record<string, string>>, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'survey-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    }
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Lines of `what<TAB>values`, the first of each kind. */
async function survey(files: Readonly<Record<string, string>>): Promise<Readonly<Record<string, readonly string[]>>> {
  const output = await inApp(files, (dir) => run(process.execPath, [join(lib, 'survey.mjs'), dir], {}));
  const lines = output
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  return Object.fromEntries(lines.toReversed().map(([what = '', ...values]) => [what, values]));
}

const json = (value: unknown): string => JSON.stringify(value);

it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
  [
    'engines',
    { 'package.json': json({ engines: { node: '>=20 <23' } }), '.nvmrc': '18' },
    ['>=20 <23', 'package.json (engines.node)'],
  ],
  ['.nvmrc', { 'package.json': '{}', '.nvmrc': '# ours\nv22.3.0\n', '.node-version': '18' }, ['v22.3.0', '.nvmrc']],
  ['a name in .nvmrc', { 'package.json': '{}', '.nvmrc': 'lts/Jod' }, ['22.x', '.nvmrc']],
  ['.node-version', { 'package.json': '{}', '.node-version': '20\r\n' }, ['20', '.node-version']],
  [
    '.tool-versions',
    { 'package.json': '{}', '.tool-versions': 'ruby 3.3.0\nnodejs 21.1.0\n' },
    ['21.1.0', '.tool-versions'],
  ],
  ['nothing', { 'package.json': '\uFEFF{}' }, ['', '']],
])('finds the version of Node.js in %s', async (_, files, expected) => {
  expect((await survey(files))['node']).toEqual(expected);
});

it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
  ['npm without a lock file', { 'package.json': '{}' }, ['npm', '', '', '']],
  [
    'npm',
    { 'package.json': json({ engines: { npm: '10.x' } }), 'package-lock.json': '{}' },
    ['npm', 'package-lock.json', '10.x', 'engines.npm'],
  ],
  ['yarn 1', { 'package.json': '{}', 'yarn.lock': '# yarn lockfile v1\n' }, ['yarn-classic', 'yarn.lock', '', '']],
  [
    'yarn by its lock file',
    { 'package.json': '{}', 'yarn.lock': '# x\n\n__metadata:\n  version: 8\n' },
    ['yarn-berry', 'yarn.lock', '', ''],
  ],
  [
    'yarn by packageManager',
    { 'package.json': json({ packageManager: 'yarn@4.5.0+sha512.ab12' }) },
    ['yarn-berry', '', '4.5.0', 'packageManager'],
  ],
  [
    'pnpm',
    { 'package.json': json({ packageManager: 'pnpm@9.1.0' }), 'pnpm-lock.yaml': '' },
    ['pnpm', 'pnpm-lock.yaml', '9.1.0', 'packageManager'],
  ],
  [
    'bun while it changes its format',
    { 'package.json': '{}', 'bun.lock': '', 'bun.lockb': '' },
    ['bun', 'bun.lock', '', ''],
  ],
  [
    'yarn by engines',
    { 'package.json': json({ engines: { yarn: '1.x' } }) },
    ['yarn-classic', '', '1.x', 'engines.yarn'],
  ],
])('knows %s', async (_, files, expected) => {
  expect((await survey(files))['manager']).toEqual(expected);
});

it.each<[string, Readonly<Record<string, string>>, RegExp]>([
  ['manifest-invalid', { 'package.json': '{\n"a": 1\n"b": 2}' }, /./],
  ['manifest-invalid', { 'package.json': '[]' }, /not an object/],
  ['engines-invalid', { 'package.json': json({ engines: { node: 20 } }) }, /20/],
  ['version-file-invalid', { 'package.json': '{}', '.nvmrc': '18\n20\n' }, /18, 20/],
  [
    'multiple-lock-files',
    { 'package.json': '{}', 'yarn.lock': '', 'package-lock.json': '' },
    /package-lock\.json \(npm\), yarn\.lock \(yarn\)/,
  ],
  [
    'manager-contradicts-lock-file',
    { 'package.json': json({ packageManager: 'pnpm@9.0.0' }), 'yarn.lock': '' },
    /pnpm@9\.0\.0/,
  ],
  ['package-manager-invalid', { 'package.json': json({ packageManager: 'pnpm@latest' }) }, /pnpm@latest/],
  ['cache-directories-invalid', { 'package.json': json({ cacheDirectories: ['../other'] }) }, /\.\.\/other/],
  ['cache-directories-invalid', { 'package.json': json({ cacheDirectories: 'node_modules' }) }, /list/],
])('names what is wrong: %s', async (reason, files, detail) => {
  const { problem = [] } = await survey(files);
  expect(problem[0]).toBe(reason);
  expect(problem.slice(1).join(' ')).toMatch(detail);
});

it('sees a difference in what an installer reads, and none elsewhere', async () => {
  const hashOf = async (manifest: object, others: Readonly<Record<string, string>> = {}): Promise<string> =>
    (await survey({ 'package.json': json(manifest), 'package-lock.json': '{}', ...others }))['hash']?.[0] ?? '';
  const base = { name: 'a', version: '1.0.0', dependencies: { x: '1' }, scripts: { build: 'tsc' } };
  const hash = await hashOf(base);
  expect(
    await hashOf({ ...base, version: '1.0.1', scripts: { build: 'tsc -b', start: 'node .' } }, { 'README.md': 'x' }),
  ).toBe(hash);
  const different = [
    await hashOf({ ...base, dependencies: { x: '2' } }),
    await hashOf({ ...base, overrides: { y: '1' } }),
    await hashOf({ ...base, scripts: { postinstall: 'x' } }),
    await hashOf(base, { 'package-lock.json': '{ }' }),
    await hashOf(base, { '.npmrc': 'legacy-peer-deps=true' }),
    await hashOf(base, { 'patches/x.patch': 'a' }),
  ];
  expect(new Set([hash, ...different]).size).toBe(7);
});

it.each<[string, Readonly<Record<string, string>>, string | null]>([
  ['the start script', { 'package.json': json({ scripts: { start: 'node x' } }), 'server.js': '' }, 'npm start'],
  ['a server without a script', { 'package.json': '{}', 'server.js': '' }, 'node server.js'],
  ['main', { 'package.json': json({ main: './lib/main.js' }), 'lib/main.js': '' }, 'node lib/main.js'],
  ['bin/www', { 'package.json': '{}', 'bin/www': '' }, 'node bin/www'],
  [
    'a built front end',
    { 'package.json': json({ scripts: { build: 'vite build', start: 'vite' } }), 'dist/index.html': '' },
    'node .heroku/static/serve.mjs dist --spa',
  ],
  [
    'Angular',
    {
      'package.json': json({ scripts: { build: 'ng build', start: 'ng serve' } }),
      'angular.json': json({ projects: { shop: { architect: { build: { options: {} } } } } }),
      'dist/shop/browser/index.html': '',
    },
    'node .heroku/static/serve.mjs dist/shop/browser --spa',
  ],
  [
    'static.json',
    { 'package.json': json({ scripts: { start: 'x' } }), 'static.json': '{}' },
    'node .heroku/static/serve.mjs',
  ],
  [
    'Nuxt',
    {
      'package.json': json({ scripts: { build: 'nuxt build', start: 'nuxt dev' } }),
      '.output/server/index.mjs': '',
      '.output/public/index.html': '',
    },
    'node .output/server/index.mjs',
  ],
  [
    'a development server and nothing built',
    { 'package.json': json({ scripts: { start: 'react-scripts start' } }) },
    null,
  ],
  [
    'a Procfile with a web process',
    { 'package.json': json({ scripts: { start: 'x' } }), Procfile: 'web: node x\n' },
    null,
  ],
  [
    'a Procfile with a worker only',
    { 'package.json': json({ scripts: { start: 'x' } }), Procfile: 'worker: node x\n' },
    'npm start',
  ],
  ['a name that a shell would take for more', { 'package.json': json({ main: '$(id).js' }), '$(id).js': '' }, null],
])('finds the web process by %s', async (_, files, expected) => {
  const output = await inApp(files, (dir) =>
    run(process.execPath, [join(lib, 'web-process.mjs'), dir, 'npm', '22.1.0'], {}),
  );
  const web = output
    .toString()
    .split('\n')
    .find((line) => line.startsWith('web\t'));
  expect(web?.slice(4) ?? null).toBe(expected);
});
