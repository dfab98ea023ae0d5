import { readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BuildpackRun } from '../../rig/buildpack-run.ts';
import { GoToolchains } from '../../rig/go-toolchains.ts';

let toolchains: GoToolchains;
let proxy: string;

beforeAll(async () => {
  toolchains = await GoToolchains.create();
  proxy = toolchains.dir;
  for (const version of ['1.14.15', '1.21.13', '1.24.2', '1.24.11', '1.25.1', '1.26rc1'])
    await toolchains.publish(version);
  await toolchains.release('1.24.12');
  await toolchains.publish('1.23.0', 'h1:bm90IHdoYXQgd2FzIHByb21pc2VkCg==');
});

afterAll(() => toolchains[Symbol.asyncDispose]());

const start = (env: Readonly<Record<string, string>> = {}): Promise<BuildpackRun> =>
  BuildpackRun.start('go', {
    GOPROXY: `file://${proxy},direct`,
    GOSUMDB: `sum.golang.org file://${proxy}/nowhere`,
    GO_BUILDPACK_SOURCES: 'registry',
    ...env,
  });
const main = { 'main.go': 'package main\n' };

it.each([
  { asks: 'go 1.24', mod: 'go 1.24\n', gets: '1.24.11' },
  { asks: 'go 1.24.2', mod: 'go 1.24.2\n', gets: '1.24.2' },
  { asks: 'an old series', mod: 'go 1.14\n', gets: '1.14.15' },
  { asks: 'a toolchain', mod: 'go 1.21\n\ntoolchain go1.25.1\r\n', gets: '1.25.1' },
  { asks: "Heroku's comment", mod: '// +heroku goVersion go1.21\n\ngo 1.24\n', gets: '1.21.13' },
  { asks: 'nothing', mod: '\n', gets: '1.25.1' },
  { asks: 'a series that nobody has', mod: 'go 1.20\n', gets: '1.25.1' },
  { asks: 'a language before modules', mod: 'go 1.9\n', gets: '1.25.1' },
  { asks: 'a config var', mod: 'go 1.21\n', config: 'go1.24', gets: '1.24.11' },
  { asks: 'a candidate by its name', mod: 'go 1.26rc1\n', gets: '1.26rc1' },
])('compiles with Go $gets what asks for $asks', async ({ mod, config, gets }) => {
  await using run = await start();
  await run.source({ ...main, 'go.mod': `module example.com/web\n${mod}` });
  if (config !== undefined) await run.setConfigVar('GOVERSION', config);

  const { exitCode, output, report, release } = await run.compile();

  expect([exitCode, output]).toEqual([0, expect.stringContaining('Running: go install -v -trimpath -tags heroku')]);
  expect(report).toMatchObject({ go_version: gets, go_source: 'registry' });
  expect(release).toContain('web: "bin/web"');
  expect((await run.runDyno('web')).output).toContain(`built with ${gets}`);
});

it('takes the programs of the last build as long as nothing has changed', async () => {
  await using run = await start();
  const files = { ...main, 'go.mod': 'module example.com/web\ngo 1.24.2\n' };
  await run.source(files);
  expect((await run.compile()).exitCode).toBe(0);

  await run.source(files);
  const again = await run.compile();
  expect([again.exitCode, again.output]).toEqual([0, expect.stringContaining('Nothing has changed')]);
  expect(again.output).toContain('Using Go 1.24.2 of the last build');
  expect((await run.runDyno('bin/web')).output).toContain('built with 1.24.2');

  await run.setConfigVar('GO_LINKER_SYMBOL', 'main.version');
  await run.setConfigVar('GO_LINKER_VALUE', 'v9');
  await run.source(files);
  expect((await run.compile()).output).toContain('-ldflags -X main.version=v9');

  await run.source({ ...files, 'main.go': 'broken\n' });
  const broken = await run.compile();
  expect([broken.exitCode, broken.output]).toEqual([1, expect.stringContaining("The app doesn't compile")]);
  expect(broken.output).toContain(' !     ./main.go:1:1: undefined: broken');
});

it('takes a release of go.dev or its mirror first, by its SHA-256', async () => {
  await using run = await start({ GO_BUILDPACK_SOURCES: '', GO_DOWNLOAD_MIRROR: `file://${proxy}/dl/` });
  const files = { ...main, 'go.mod': 'module example.com/web\ngo 1.23\n', '.go-version': '1.24\n' };
  await run.source(files);
  const { exitCode, output, report } = await run.compile();
  expect([exitCode, output]).toEqual([0, expect.stringContaining('Installing Go 1.24.12 (releases of go.dev)')]);
  expect(report).toMatchObject({ go_source: 'upstream', go_version_origin: '.go-version' });

  const list = await readFile(join(proxy, 'dl/index.json'), 'utf8');
  await toolchains.put('dl/index.json', list.replace(/[0-9a-f]{64}/, '0'.repeat(64)));
  await using another = await start({ GO_BUILDPACK_SOURCES: '', GO_DOWNLOAD_MIRROR: `file://${proxy}/dl/` });
  await another.source({ ...files, '.tool-versions': 'golang 1.24.11 # ours\n', '.go-version': '# none\n' });
  expect((await another.compile()).report).toMatchObject({ go_version: '1.24.11', go_source: 'registry' });
  await another.source(files);
  const other = await another.compile();
  expect(other.output).toContain("It couldn't be had: what came isn't what was promised: the checksum is wrong");
  await toolchains.put('dl/index.json', list);
});

it('goes on with the compiler of the last build when nobody can be asked for a newer one', async () => {
  await using run = await start();
  const files = { ...main, 'go.mod': 'module example.com/web\ngo 1.24\n' };
  await run.source(files);
  expect((await run.compile()).report).toMatchObject({ go_version: '1.24.11', go_source: 'registry' });
  const weekAgo = new Date(Date.now() - 8 * 24 * 3600 * 1000);
  const asked = join(run.cacheDir, 'go/compiler.request');

  await utimes(asked, weekAgo, weekAgo);
  await run.source(files);
  const offline = await run.compile({ GOPROXY: 'off' });
  expect([offline.exitCode, offline.output]).toEqual([
    0,
    expect.stringContaining('Using Go 1.24.11 of the last build'),
  ]);

  const online = await run.compile();
  expect(online.output).not.toContain('Installing');
  expect((await stat(asked)).mtimeMs).toBeGreaterThan(weekAgo.getTime() + 1000);
});

it('compiles with a newer Go than go.mod says when a module of others needs it, and begins with that the next time', async () => {
  await using run = await start();
  const files = { 'main.go': 'package main // needs 1.24\n', 'go.mod': 'module example.com/web\ngo 1.14\n' };
  await run.source(files);
  const { exitCode, output, report } = await run.compile();
  expect([exitCode, output]).toEqual([0, expect.stringContaining('A module needs Go 1.24, and go.mod says 1.14')]);
  expect(report).toMatchObject({ go_version: '1.24.11' });

  await run.source(files);
  const again = await run.compile();
  expect(again.output).toBe(
    '-----> Using Go 1.24.11 of the last build\n-----> Nothing has changed since the last build: using its programs\n',
  );

  await run.setConfigVar('GOVERSION', 'go1.14');
  await run.source(files);
  const asked = await run.compile();
  expect([asked.exitCode, asked.output]).toEqual([1, expect.stringContaining('Go 1.14.15 is too old for this app')]);
});

it('builds several programs, each a process type, and the one that is called web or server is web', async () => {
  await using run = await start();
  const files = { 'go.mod': 'module example.com/web\ngo 1.24.2\n', 'cmd/tool/x': '', 'cmd/server/x': '' };
  await run.source(files);
  const { exitCode, report, release } = await run.compile();
  expect([exitCode, report['programs']]).toEqual([0, 'server tool']);
  expect(release).toBe('---\ndefault_process_types:\n  web: "bin/server"\n  tool: "bin/tool"\n');

  await run.source({ ...files, Procfile: 'worker: tool\n' });
  expect((await run.compile()).release).toBe('---\n');
});

it('runs the hooks of the app with its compiler, its settings and its logins, whether anything has changed or not', async () => {
  await using run = await start();
  const files = {
    ...main,
    'go.mod': 'module example.com/web\ngo 1.24.2\n',
    'bin/go-pre-compile': '#!/bin/sh\ngo version\ngo env | sed s/secret-of-git/SECRET/ >logins\ngo env\n',
    'bin/go-post-compile': '#!/bin/sh\nls bin; test ! -f fails || exit 3\n',
  };
  await run.setConfigVar('GO_GIT_CRED__HTTPS__GIT__EXAMPLE__COM', 'ours:secret-of-git');
  await run.setConfigVar('GOFLAGS', '-p=1 -ldflags=-L${build_dir}/lib');
  await run.source(files);
  const { exitCode, output } = await run.compile();
  expect([exitCode, output]).toEqual([0, expect.stringContaining('go version go1.24.2')]);
  expect(output).toContain(`       -p=1 -ldflags=-L${run.buildDir}/lib -modcacherw\n       ${run.buildDir}/bin\n`);
  expect(output).toContain('password=****\n');
  expect(output).not.toContain('secret-of-git');
  expect(await run.read('logins')).toContain('username=ours\npassword=SECRET\n');

  await run.source({ ...files, fails: '' });
  const failing = await run.compile();
  expect([failing.exitCode, failing.output]).toEqual([
    1,
    expect.stringContaining('bin/go-post-compile ended with status 3'),
  ]);
});

it('makes a module of an app that has none', async () => {
  await using run = await start();
  await run.source({ ...main, '.godir': 'shop\n' });
  expect((await run.detect()).stdout).toBe('Go\n');
  const { exitCode, output } = await run.compile();
  expect([exitCode, output]).toEqual([0, expect.stringContaining("Warning: There's no go.mod")]);
  expect(await run.read('go.mod')).toBe('module shop\n\ngo 1.25\n');
});

it.each([
  { what: 'files of dep', files: { 'Gopkg.lock': '' }, says: /those of 'dep'.*\n(.*\n)*.*go mod init/ },
  { what: 'a GOPATH', files: { 'src/app/main.go': 'package main\n' }, says: /those of 'gb'/ },
  { what: 'bin that is a file', files: { ...main, bin: '' }, says: /'bin' in your app is not a folder/ },
])('says what to do about $what', async ({ files, says }) => {
  await using run = await start();
  await run.source(files);
  expect((await run.detect()).exitCode).toBe(0);
  const { exitCode, output } = await run.compile();
  expect([exitCode, output]).toEqual([1, expect.stringMatching(says)]);
});

it.each([
  { what: 'another checksum', mod: 'go 1.23.0\n', says: 'the checksum is wrong' },
  { what: 'no checksum', mod: 'go 1.24.2\n', env: { GOSUMDB: 'off' }, says: 'GOSUMDB is off, so that nothing vouches' },
  { what: 'no version', mod: 'go newest\n', says: 'It says: newest' },
  { what: 'no program', mod: 'go 1.24.2\n', says: 'The module has no program' },
  { what: 'a version that nobody has', mod: 'go 1.99\n', says: "Go 1.99 can't be had on this machine" },
])('says what is wrong: $what', async ({ mod, env, says }) => {
  await using run = await start(env);
  const files = says.includes('no program') ? {} : main;
  await run.source({ ...files, 'go.mod': `module example.com/web\n${mod}` });
  const { output } = await run.compile();
  expect(output).toContain(says);
});
