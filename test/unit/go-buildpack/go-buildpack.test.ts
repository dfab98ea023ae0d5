import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BuildpackRun } from '../../rig/buildpack-run.ts';
import { packZip } from '../../rig/zip.ts';

let proxy: string;

beforeAll(async () => {
  proxy = await mkdtemp(join(tmpdir(), 'go-proxy-'));
  for (const version of ['1.21.13', '1.24.2', '1.24.11', '1.25.1', '1.26rc1']) await publish(version);
  await publish('1.23.0', 'h1:bm90IHdoYXQgd2FzIHByb21pc2VkCg==');
});

afterAll(() => rm(proxy, { recursive: true, force: true }));

/** A stand-in for the compiler: it says its version, and makes a program that says the one it was made with. */
const go = (version: string): string =>
  [
    '#!/bin/bash',
    'case "$1" in',
    `version) echo "go version go${version} linux/amd64" ;;`,
    'list) if [[ -f main.go ]]; then echo example.com/web; fi; if [[ -d cmd ]]; then ls cmd | sed s,^,example.com/web/cmd/,; fi ;;',
    'install) if grep -q broken main.go 2>/dev/null; then echo "./main.go:1:1: undefined: broken"; exit 1; fi',
    `  for last; do case "$last" in *.com/*) printf '#!/bin/sh\\necho built with ${version}: %s' "$*" > "$GOBIN/\${last##*/}"; chmod +x "$GOBIN/\${last##*/}" ;; esac; done ;;`,
    'esac',
    '',
  ].join('\n');

async function publish(version: string, sum?: string): Promise<void> {
  const machine = `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const module = `golang.org/toolchain@v0.0.1-go${version}.${machine}`;
  const files = { [`${module}/bin/go`]: go(version), [`${module}/pkg/tool/${machine}/compile`]: 'none\n' };
  const entries = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  const lines = entries
    .map(({ path, bytes }) => `${createHash('sha256').update(bytes).digest('hex')}  ${path}\n`)
    .sort();
  const hash = `h1:${createHash('sha256').update(lines.join('')).digest('base64')}`;
  await put(`golang.org/toolchain/@v/v0.0.1-go${version}.${machine}.zip`, packZip(entries));
  await put(
    `sumdb/sum.golang.org/lookup/${module}`,
    `7\n${module.replace('@', ' ')} ${sum ?? hash}\n${module.replace('@', ' ')}/go.mod h1:other=\n`,
  );
  await append(`golang.org/toolchain/@v/list`, `v0.0.1-go${version}.${machine}\nv0.0.1-go${version}.plan9-386\n`);
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(proxy, path)), { recursive: true });
  await writeFile(join(proxy, path), content);
}

async function append(path: string, text: string): Promise<void> {
  await writeFile(join(proxy, path), text, { flag: 'a' });
}

const start = (): Promise<BuildpackRun> =>
  BuildpackRun.start('go', { GOPROXY: `file://${proxy},direct`, GO_BUILDPACK_SOURCES: 'upstream' });
const main = { 'main.go': 'package main\n' };

it.each([
  { asks: 'go 1.24', mod: 'go 1.24\n', gets: '1.24.11' },
  { asks: 'go 1.24.2', mod: 'go 1.24.2\n', gets: '1.24.2' },
  { asks: 'a toolchain', mod: 'go 1.21\n\ntoolchain go1.25.1\r\n', gets: '1.25.1' },
  { asks: "Heroku's comment", mod: '// +heroku goVersion go1.21\n\ngo 1.24\n', gets: '1.21.13' },
  { asks: 'nothing', mod: '\n', gets: '1.25.1' },
  { asks: 'a series that nobody has', mod: 'go 1.20\n', gets: '1.25.1' },
  { asks: 'a config var', mod: 'go 1.21\n', config: 'go1.24', gets: '1.24.11' },
  { asks: 'a candidate by its name', mod: 'go 1.26rc1\n', gets: '1.26rc1' },
])('compiles with Go $gets what asks for $asks', async ({ mod, config, gets }) => {
  await using run = await start();
  await run.source({ ...main, 'go.mod': `module example.com/web\n${mod}` });
  if (config !== undefined) await run.setConfigVar('GOVERSION', config);

  const { exitCode, output, report, release } = await run.compile();

  expect([exitCode, output]).toEqual([0, expect.stringContaining('Running: go install -v -trimpath -tags heroku')]);
  expect(report).toMatchObject({ go_version: gets, go_source: 'upstream' });
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

it('builds several programs, and starts the one that is called web or server', async () => {
  await using run = await start();
  await run.source({ 'go.mod': 'module example.com/web\ngo 1.24.2\n', 'cmd/tool/x': '', 'cmd/server/x': '' });
  const { exitCode, report, release } = await run.compile();
  expect([exitCode, report['programs']]).toEqual([0, 'server tool']);
  expect(release).toContain('web: "bin/server"');
});

it('runs the hooks of the app with its compiler', async () => {
  await using run = await start();
  await run.source({
    ...main,
    'go.mod': 'module example.com/web\ngo 1.24.2\n',
    'bin/go-pre-compile': '#!/bin/sh\ngo version\n',
    'bin/go-post-compile': '#!/bin/sh\nexit 3\n',
  });
  for (const name of ['pre', 'post']) await chmod(join(run.buildDir, `bin/go-${name}-compile`), 0o755);
  const { exitCode, output } = await run.compile();
  expect([exitCode, output]).toEqual([1, expect.stringContaining('go version go1.24.2')]);
  expect(output).toContain('bin/go-post-compile ended with status 3');
});

it.each([
  { what: 'another checksum', mod: 'go 1.23.0\n', says: 'the checksum is wrong' },
  { what: 'no version', mod: 'go newest\n', says: 'It says: newest' },
  { what: 'no program', mod: 'go 1.24.2\n', says: 'The module has no program' },
  { what: 'a version that nobody has', mod: 'go 1.99\n', says: "Go 1.99 can't be had on this machine" },
])('says what is wrong: $what', async ({ mod, says }) => {
  await using run = await start();
  const files = says.includes('no program') ? {} : main;
  await run.source({ ...files, 'go.mod': `module example.com/web\n${mod}` });
  const { output } = await run.compile();
  expect(output).toContain(says);
});
