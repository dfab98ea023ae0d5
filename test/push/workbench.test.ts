/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithNode'] }] */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HokkuCommand, type Ended } from '../rig/hokku-command.ts';
import { itWithNode } from '../rig/machine-node.ts';
import { checkout, eventually } from '../rig/platform-rig.ts';

let dir = '';

/** Does what the app's `act.sh` says. */
const buildpack: Readonly<Record<string, string>> = {
  'pack/bin/detect': '#!/bin/bash\n[[ -f "$1/act.sh" ]] && echo Acting\n',
  'pack/bin/compile': '#!/bin/bash\nset -euo pipefail\nBUILD_DIR=$1 CACHE_DIR=$2 ENV_DIR=$3\nsource "$1/act.sh"\n',
  'pack/bin/test-compile': '#!/bin/bash\necho "for tests, CI=$CI"\nexec "${0%/*}/compile" "$@"\n',
  'pack/bin/test': '#!/bin/bash\ncd "$1" && [[ "$(cat "$2/WORD")" == yes && -f act.sh ]] && exit 3\n',
  'pack/bin/report': '#!/bin/bash\ncat "$2/report" 2>/dev/null || true\n',
  'other/bin/detect': '#!/bin/bash\necho Other\n',
  'other/bin/compile': '#!/bin/bash\necho "other sees $SHARED"\n',
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'workbench-'));
  await write(buildpack);
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
}

/** `own`: a folder for what it leaves, which has to be nothing. */
async function hokku(...args: readonly string[]): Promise<Ended> {
  const own = await mkdtemp(join(tmpdir(), 'bench-'));
  const ended = await new HokkuCommand(dir, args, { TMPDIR: own }).ended;
  expect(await readdir(own)).toEqual([]);
  await rm(own, { recursive: true });
  return ended;
}

interface Results {
  readonly cases: readonly {
    readonly name: string;
    readonly status: string;
    readonly faults: readonly string[];
    readonly phases: readonly {
      readonly phase: string;
      readonly checks: readonly { readonly name: string; readonly fault: string | null }[];
      readonly output: string;
    }[];
  }[];
}

/** Faults by case: `phase: check: fault`. */
function faultsOf({ cases }: Results): Readonly<Record<string, string>> {
  const entries = cases.map(({ name, faults, phases }) => {
    const failed = phases.flatMap(({ phase, checks }) =>
      checks.filter(({ fault }) => fault !== null).map((check) => `${phase}: ${check.name}: ${check.fault ?? ''}`),
    );
    return [name, [...faults, ...failed].join('\n')] as const;
  });
  return Object.fromEntries(entries);
}

it('tells what each case found that it had not expected, and nothing of what it had', async () => {
  const act = (script: string): string => `files:\n  act.sh: |\n${script.replaceAll(/^/gm, '    ')}\n`;
  await write({
    'pack/test/cases/exports.yml': `${act('echo "export SHARED=here" >export')}
buildpacks: [., ../other]
cold: { output: [other sees here], exports: { SHARED: here, GONE: null } }`,
    'pack/test/cases/ci.yml': `${act('mkdir -p $BUILD_DIR/x')}
env: { WORD: yes }
ci: { output: ['for tests, CI=true'], test_exit: 3 }`,
    'pack/test/cases/report.yml': `${act('echo "a: {b: 1}" >$CACHE_DIR/report')}
cold: { report: { a: 1 } }`,
    'pack/test/cases/profile.yml': `${act(`mkdir -p $BUILD_DIR/.profile.d; echo 'echo noise; export PLACE=$HOME/x' >$BUILD_DIR/.profile.d/a.sh`)}
cold: { profile: { PLACE: /x$/, HOME: /nowhere } }`,
    'pack/test/cases/files.yml': `${act('cd $BUILD_DIR; ln -s a link; echo $BUILD_DIR >named; chmod 600 named')}
cold:
  relocatable: true
  files: { link: { link: b }, named: { mode: '600', contains: [nothing like it] }, gone: true, act.sh: false }`,
    'pack/test/cases/hangs.yml': `${act('echo begun; sleep 100 & sleep 100')}\ntimeout: 1\ncold: { status: failed, output: [begun], within: 20 }`,
    'pack/test/cases/noise.yml': `${act(String.raw`printf '\xff\xfe\e[31mred\e[0m\r\n'; exit 7`)}
cold: { status: failed, exit: 7, output: [red], never: [blue] }`,
    'pack/test/cases/warm.yml': `${act('n=$(cat $CACHE_DIR/n 2>/dev/null || echo 0); echo "build $((n + 1))"; echo $((n + 1)) >$CACHE_DIR/n')}
cold: { output: [build 1] }
warm: { output: [build 2], snapshot: true }
changed: { change: { files: { act.sh: null } }, status: not-detected }`,
    'pack/test/cases/web.yml': `${act('echo "web: echo no port; exit 4" >$BUILD_DIR/Procfile')}
cold: { run: [{ command: exit 5 }], http: { requests: [{ path: / }] } }`,
    'pack/test/cases/invalid.yml': 'files: { ../x: "" }\ncold: { statsu: built, output: ["/(/"] }\n',
    'pack/test/cases/empty.yml': '',
  });
  const { exitCode, stdout } = await hokku('buildpack', 'test', 'pack', '--reporter', 'json', '-j', '4');
  expect(exitCode).toBe(1);
  const results = JSON.parse(stdout) as Results;
  const faults = faultsOf(results);
  expect(faults).toEqual({
    ci: '',
    exports: '',
    hangs: '',
    noise: '',
    empty: expect.stringContaining('it has no app'),
    files: expect.stringMatching(
      /link: it leads to a[^]*named: it has no nothing like it[^]*gone: there is no such file[^]*act\.sh: there is one[^]*1 files name the build folder[^]*: named$/,
    ),
    invalid: expect.stringMatching(/files.*leads out[^]*statsu[^]*no regular expression/),
    profile: expect.stringMatching(/^cold: profile HOME: expected \/nowhere, found "\S+"$/),
    report: expect.stringContaining('a is no plain value'),
    warm: expect.stringContaining('there is no snapshot yet'),
    web: expect.stringMatching(/exit status 5, expected 0[^]*ended with status 4 before it listened[^]*no port/),
  });
  expect(results.cases.map(({ name }) => name)).toEqual(Object.keys(faults).toSorted());
  // The snapshot is written down, and is met by the next run; then the change is tried too.
  const updated = await hokku('buildpack', 'test', 'pack', '--only', '^warm$', '--update');
  expect(updated.stdout).toContain('1 of 1 cases passed');
  expect(await readFile(join(dir, 'pack/test/cases/snapshots/warm/warm.txt'), 'utf8')).toContain('build 2');
  expect((await hokku('buildpack', 'test', 'pack', '--only', '^warm$', '--reporter', 'tap')).stdout).toBe(
    'TAP version 13\n1..3\nok 1 - warm: cold\nok 2 - warm: warm\nok 3 - warm: changed\n',
  );
});

it('builds a slug from a folder, keeps what it is asked to keep, and says why it could not', async () => {
  await write({
    'app/act.sh': 'echo "word: $(cat $ENV_DIR/WORD)"; date +%N >>$CACHE_DIR/builds; cat $CACHE_DIR/builds | wc -l\n',
    'app/Procfile': 'web: ./serve\n',
    'broken/act.sh': 'echo "no compiler"; exit 9\n',
    vars: 'WORD="two words"\n',
  });
  const args = ['build', 'app', '-b', './pack', '--env', 'vars', '--cache', 'kept', '-o', 'app.tgz'];
  const first = await hokku(...args);
  expect(first).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('word: two words\n1\n') });
  expect(first.stdout).toContain('-----> Process types\n       web: ./serve\n');
  const { size } = await stat(join(dir, 'app.tgz'));
  const second = await hokku(...args, '--json');
  expect(JSON.parse(second.stdout)).toMatchObject({ status: 'succeeded', slug: { processTypes: { web: './serve' } } });
  expect(second.stderr).toContain('word: two words\n2\n');
  expect((await stat(join(dir, 'app.tgz'))).size).toBe(size);
  expect(await readdir(join(dir, 'app'))).toEqual(['Procfile', 'act.sh']);

  const failed = await hokku('build', 'broken', '-b', './pack', '-o', 'broken.tgz');
  expect(failed).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/no compiler[^]*Push failed/) });
  expect(await readdir(dir)).not.toContain('broken.tgz');
  expect(await hokku('build', 'nowhere')).toMatchObject({
    exitCode: 1,
    complaint: expect.stringMatching(/nowhere is no folder/),
  });
  const wrong = await hokku('build', 'app', '-b', './app');
  expect(wrong).toMatchObject({ exitCode: 1, complaint: expect.stringContaining('it has no bin/compile') });
});

it('ends a test that is interrupted, with all that it had started', async () => {
  await write({ 'slow/act.sh': 'echo sleeping; sleep 4711\n' });
  const own = await mkdtemp(join(tmpdir(), 'bench-'));
  const command = new HokkuCommand(dir, ['build', 'slow', '-b', './pack'], { TMPDIR: own });
  await eventually('the script', () => Promise.resolve(command.stdout.includes('sleeping')));
  command.child.kill('SIGINT');
  expect((await command.ended).exitCode).toBe(130);
  expect(await readdir(own)).toEqual([]);
  await rm(own, { recursive: true });
});

it('finds in the scripts what goes wrong elsewhere, and lets itself be told otherwise', async () => {
  await write({
    'bad/bin/compile': '#!/bin/bash\ncurl -O https://example.com/x.tgz\ncp x /app/x\nls >/tmp/list\n',
    'bad/bin/detect': 'exit 0\r\n',
    'bad/bin/release': '#!/bin/bash\nls /app/x # lint: allow hard-coded-app\n',
    'bad/profile.d/a.sh': 'set -e\n[[ -n "$X" ]] || exit 1\n',
    'bad/profile.d/b': 'export X=1\n',
  });
  const { exitCode, stdout } = await hokku('buildpack', 'lint', 'bad', '--json');
  const { findings } = JSON.parse(stdout) as { findings: { rule: string; path: string; line: number | null }[] };
  const own = findings
    .filter(({ rule }) => !rule.startsWith('SC'))
    .map(({ rule, path, line }) => `${path}:${line ?? ''} ${rule}`);
  expect(exitCode).toBe(1);
  expect(own.toSorted()).toEqual([
    'bin/compile: goes-on-after-errors',
    'bin/compile:2 download-ignores-errors',
    'bin/compile:2 download-once',
    'bin/compile:2 download-unchecked',
    'bin/compile:3 hard-coded-app',
    'bin/compile:4 fixed-tmp-name',
    'bin/detect: no-shebang',
    'bin/detect: not-executable',
    'bin/detect:1 crlf',
    'profile.d/a.sh:1 profile-set',
    'profile.d/a.sh:2 profile-exit',
    'profile.d/b: profile-name',
    'test: no-cases',
  ]);
});

itWithNode('passes the cases of the buildpack for static sites', async () => {
  const { exitCode, stdout } = await hokku(
    'buildpack',
    'test',
    join(checkout, 'buildpacks/static'),
    '--reporter',
    'tap',
  );
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
});

it('finds nothing in the own buildpacks of the platform', async () => {
  const own = join(checkout, 'buildpacks');
  const { buildpacks } = JSON.parse(await readFile(join(own, 'order.json'), 'utf8')) as {
    buildpacks: { path: string }[];
  };
  const found = await Promise.all(buildpacks.map(({ path }) => hokku('buildpack', 'lint', join(own, path))));
  expect(found.filter((ended) => ended.exitCode !== 0)).toEqual([]);
});

it('serves to a test what an earlier one recorded, when its origin is gone', async () => {
  await write({ 'net/bin/detect': '#!/bin/bash\necho Net\n' });
  const server = createServer((request, response) => response.end(`this is ${request.url ?? ''}\n`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await write({
    'net/bin/compile': `#!/bin/bash\ncurl -sSf ${origin}/tool.txt\n`,
    'net/test/cases/net.yml': 'files: { x: "" }\ncold: { output: [this is /tool.txt] }\n',
  });
  const test = (...args: readonly string[]): Promise<Ended> =>
    new HokkuCommand(dir, ['buildpack', 'test', 'net', ...args], { HOKKU_PRIVATE_SOURCES: origin }).ended;
  try {
    expect(await test('--record', 'downloads')).toMatchObject({ exitCode: 0 });
  } finally {
    server.close();
    server.closeAllConnections();
  }
  expect(await test()).toMatchObject({ exitCode: 1 });
  expect(await test('--replay', 'downloads')).toMatchObject({ exitCode: 0 });
  expect((await test('--replay', 'nowhere')).complaint).toContain("nowhere can't be read (ENOENT)");
});
