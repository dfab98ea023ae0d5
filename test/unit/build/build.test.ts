import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { failureLines, sweepBuilds } from '../../../src/build/index.ts';
import { run } from '../../../src/lib/spawn.ts';
import type { BuildFailure } from '../../../src/model/build.ts';
import { BuildRig, writeFiles, type BuildResult } from './build-rig.ts';

const detectPython = { 'bin/detect': '[[ -f "$1/requirements.txt" ]] && echo Python' };

function failureOf({ outcome }: BuildResult): BuildFailure {
  if (outcome.status !== 'failed') throw new Error('the build succeeded');
  return outcome.failure;
}

it('turns a source tree into a slug and shows what Heroku shows', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('aardvark', { 'bin/detect': 'echo never; exit 1', 'bin/compile': 'exit 1' });
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': [
      'echo "-----> Installing things"; echo "       on stderr" >&2; printf "no line end"',
      'env | sort > "$1/env.txt"; pwd > "$1/pwd.txt"; umask > "$1/umask.txt"',
      'cp -r "$3" "$1/env-dir"; stat -c "%a" "$3" "$3"/* > "$1/modes.txt"; ls -A ~ | wc -l > "$1/home.txt"',
      'mkdir -p "$1/.profile.d" ~/.heroku; echo "export A=1" > "$1/.profile.d/python.sh"',
      'printf "\\xff\\xfe raw\\n"; [[ -r /dev/stdin ]] && cat | wc -c > "$1/stdin.txt"',
    ].join('\n'),
    'bin/release':
      'echo "---"; echo "config_vars:"; echo "  PATH: bad"; echo "  LANG: C"; echo "default_process_types:"; echo "  web: default"; echo "  shell: bash"',
    'bin/report': 'echo "{}"; exit 3',
  });

  const built = await rig.build(
    {
      'requirements.txt': '',
      Procfile: '\uFEFFweb:\tgunicorn app\r\n# note\r\nnonsense\r\nworker: old\nworker: new # x\r\n',
      '.git/config': 'secret',
      'vendor/.DS_Store': 'x',
      '.gitmodules': '',
      'bin/run': { text: '#!/bin/sh\n', mode: 0o755 },
    },
    { configVars: { SECRET: 'line1\nline2', EMPTY: '' }, version: 'c'.repeat(40) },
  );

  expect(built.outcome.status).toBe('succeeded');
  expect(built.text).toMatch(
    /^-----> Building on the Heroku-24 stack\n-----> Determining which buildpack to use for this app\n-----> Python app detected\n-----> Installing things\n {7}on stderr\nno line end/,
  );
  expect(built.lines).toEqual(
    expect.arrayContaining([
      '-----> Discovering process types',
      '       Procfile declares types     -> web, worker',
      '       Default types for buildpack -> shell',
      " !     Warning: Procfile line 3 is ignored: it is not of the form 'type: command' (nonsense).",
    ]),
  );
  expect(built.text).toMatch(/\n\n-----> Compressing\.\.\.\n {7}Done: \d+(B|\.\dK)\n$/);
  expect(built.slug).toMatchObject({
    buildpackName: 'Python',
    buildpacks: ['heroku/python'],
    processTypes: { shell: 'bash', web: 'gunicorn app', worker: 'new # x' },
    configVars: { LANG: 'C' },
  });

  const dir = await rig.unpacked(built);
  const text = (name: string): Promise<string> => readFile(join(dir, name), 'utf8');
  expect(await text('env-dir/SECRET')).toBe('line1\nline2');
  expect((await text('modes.txt')).split('\n').slice(0, 3)).toEqual(['700', '600', '600']);
  expect(await text('home.txt')).toBe('0\n');
  expect(await text('umask.txt')).toBe('0022\n');
  expect(await text('stdin.txt')).toBe('0\n');
  expect(await text('pwd.txt')).toMatch(/\/codon\/tmp\/buildpacks\/[0-9a-f]{40}\n$/);
  const env = await text('env.txt');
  expect(env).toMatch(/^STACK=heroku-24$/m);
  expect(env).toMatch(/^SOURCE_VERSION=c{40}$/m);
  expect(env).toMatch(/^DYNO=run\.\d{4}$/m);
  expect(env).not.toMatch(/SECRET/);
  expect(existsSync(join(dir, '.git'))).toBe(false);
  expect(existsSync(join(dir, 'vendor/.DS_Store'))).toBe(false);
  expect((await stat(join(dir, 'bin/run'))).mode & 0o777).toBe(0o755);
  expect(await readdir(rig.path('builds'))).toEqual([]);
});

it('runs several buildpacks in order, each with the exports of those before', async () => {
  await using rig = await BuildRig.open();
  const scripts = (name: string, compile: string, release: string): Record<string, string> => ({
    'bin/detect': `echo ${name}`,
    'bin/compile': compile,
    'bin/release': release,
  });
  await rig.addBuildpack(
    'one',
    scripts(
      'One',
      'echo "declare -x TOOL=\\"a b\\"\nPATH=/opt/one:\\$PATH\n: \\$UNSET" > export',
      'echo "default_process_types: {web: one}"',
    ),
  );
  await rig.addBuildpack(
    'two',
    scripts('Two', 'set -u; echo "TOOL=$TOOL"; echo "${PATH%%:*}"; [[ $# = 3 ]]', 'echo "--- {}"'),
  );

  const built = await rig.build({ a: '' }, { buildpacks: ['urn:buildpack:heroku/one', 'heroku/two'] });

  expect(built.lines).toEqual(
    expect.arrayContaining([
      '-----> Using buildpacks:',
      '       1. heroku/one',
      '       2. heroku/two',
      'TOOL=a b',
      '/opt/one',
    ]),
  );
  expect(built.lines).toContain('       Procfile declares types -> (none)');
  expect(built.slug).toMatchObject({
    buildpackName: 'Two',
    buildpacks: ['heroku/one', 'heroku/two'],
    processTypes: {},
  });
});

it('runs bin/report after every compile, and bin/release after one that succeeded, each with its own arguments', async () => {
  await using rig = await BuildRig.open();
  const log = rig.path('log');
  await writeFile(log, '');
  await chmod(log, 0o666);
  const note = (script: string): string =>
    `echo ${script} "$#" "\${1##*/}" "\${2##*/}" "\${3:0:1}" "\${PWD##*/}" >>'${log}'`;
  const noise = 'echo "default_process_types: nonsense"; echo noise >&2; (sleep 30) & exit 3';
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': `${note('compile')}; exit "$(cat "$1/requirements.txt")"`,
    'bin/report': `${note('report')}; ${noise}`,
    'bin/release': `${note('release')}; echo 'default_process_types: {web: ./serve}'`,
  });

  const good = await rig.build({ 'requirements.txt': '0' });
  const bad = await rig.build({ 'requirements.txt': '1' });

  expect(good.slug.processTypes).toEqual({ web: './serve' });
  expect(failureOf(bad)).toMatchObject({ reason: 'compile-failed', exitCode: 1 });
  expect(good.text + bad.text).not.toContain('noise');
  const calls = (await readFile(log, 'utf8'))
    .replaceAll(/build_[0-9a-f]{8}/g, 'BUILD')
    .replaceAll(/[0-9a-f]{40}/g, 'HERE');
  expect(calls.trim().split('\n')).toEqual([
    'compile 3 BUILD cache / HERE',
    'report 3 BUILD cache / HERE',
    'release 1 BUILD   HERE',
    'compile 3 BUILD cache / HERE',
    'report 3 BUILD cache / HERE',
  ]);
});

it('says why a compile failed and what to do next', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': [
      'mkdir -p "$1/closed/in"; echo x > "$1/closed/in/file"; chmod 0 "$1/closed"',
      'echo "       ERROR: No matching distribution found for flask==99"; echo " !     Error: pip failed."; exit 4',
    ].join('\n'),
  });

  const built = await rig.build({ 'requirements.txt': '' });

  expect(failureLines(failureOf(built)).join('\n')).toBe(
    [
      ' !     Push rejected, failed to compile Python app.',
      '',
      ' !     Push failed',
      '',
      ' !     Failed in: compile (bin/compile of Python exited with status 4)',
      ' !     Cause:     ERROR: No matching distribution found for flask==99',
      ' !     Next:      Check the name and the version in requirements.txt, and that they support this Python version.',
      '',
    ].join('\n'),
  );
  expect(await readdir(rig.path('builds'))).toEqual([]);
});

it('refuses apps and lists that no buildpack can serve', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', { 'bin/detect': 'echo "no requirements" >&2; exit 1', 'bin/compile': '' });

  const unknown = await rig.build({ 'main.rs': '', Cargo: '' });
  const refused = await rig.build({ a: '' }, { buildpacks: ['heroku/python'] });
  const url = await rig.build({ a: '' }, { buildpacks: ['https://example.com/x.git#v1'] });
  const hostile = await rig.build({ a: '' }, { buildpacks: ['heroku/../../etc'] });

  expect(failureLines(failureOf(unknown))).toEqual(
    expect.arrayContaining([
      ' !     No default language could be detected for this app.',
      ' !     Push failed',
      ' !     Asked:     heroku/python; none of them knows the files of this app',
      ' !     Root has:  Cargo  main.rs',
      ' !     Looks like: Rust (main.rs); what is missing is Cargo.toml',
    ]),
  );
  expect(failureLines(failureOf(refused)).slice(0, 2)).toEqual([
    '-----> App not compatible with buildpack: heroku/python',
    '       no requirements',
  ]);
  expect(failureLines(failureOf(url)).join('\n')).toMatch(/nobody is there/);
  expect(failureOf(hostile).reason).toBe('buildpack-unavailable');
});

it('keeps the cache of builds that succeed and gives it to the next', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': [
      'n=$(cat "$2/count" 2>/dev/null || echo 0); echo "count is $n"',
      '[[ -f "$1/purge" ]] && { rm -rf "$2"; exit 0; }',
      'rm -rf "$2"; mkdir -p "$2"; echo $((n + 1)) > "$2/count"; ln "$2/count" "$1/linked"',
      '[[ -f "$1/fail" ]] && { echo half > "$2/count"; exit 1; }; exit 0',
    ].join('\n'),
  });
  const counts: string[] = [];
  const build = async (extra: Record<string, string> = {}): Promise<BuildResult> => {
    const built = await rig.build({ 'requirements.txt': '', ...extra });
    counts.push(built.lines.find((line) => line.startsWith('count is')) ?? '');
    return built;
  };

  const first = await build();
  await build();
  await build({ fail: '' });
  await build();
  await build({ purge: '' });
  await build();

  expect(counts).toEqual([0, 1, 2, 2, 3, 0].map((n) => `count is ${n}`));
  // Later builds write into their own copy, not into a file that an earlier slug still shares with the cache.
  expect(await readFile(join(await rig.unpacked(first), 'linked'), 'utf8')).toBe('1\n');
  await rig.caches.settled();
  expect((await readdir(rig.path('cache', rig.app.id))).toSorted()).toEqual(['1', '1.spare']);
});

it('stops the whole tree at the time limit, and on request', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', { ...detectPython, 'bin/compile': 'echo started; sleep 300 & sleep 300' });
  const limits = { timeoutMs: 700, slugMaxBytes: 1e9, slugSoftBytes: 1e9 };

  const slow = await rig.build({ 'requirements.txt': '' }, { limits });
  const cancel = new AbortController();
  const cancelling = rig.build({ 'requirements.txt': '' }, { signal: cancel.signal });
  const startedAt = performance.now();
  setTimeout(() => {
    cancel.abort(new Error('cancelled by o@example.com'));
  }, 300);
  const cancelled = await cancelling;

  expect(failureOf(slow)).toEqual({ reason: 'timed-out', phase: 'compile', limitMs: 700 });
  expect(failureLines(failureOf(slow))[0]).toBe(' !     Push rejected, timed out; must complete in 1 seconds.');
  expect(failureOf(cancelled)).toEqual({ reason: 'cancelled', detail: 'cancelled by o@example.com' });
  expect(performance.now() - startedAt).toBeLessThan(30_000);
  expect(await readdir(rig.path('builds'))).toEqual([]);
});

it('bounds what a build prints, and still shows its end', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': 'head -c 40000000 /dev/zero | tr "\\0" "x" | fold -w 99; echo; echo " !     Error: the end"; exit 1',
  });

  const built = await rig.build({ 'requirements.txt': '' });

  expect(built.text.length).toBeLessThan(17 * 1024 * 1024);
  expect(built.text.slice(-20_000)).toMatch(/ ! {5}\d+ bytes of output are left out here/);
  expect(built.text.endsWith(' !     Error: the end\n')).toBe(true);
  expect(failureOf(built)).toMatchObject({ reason: 'compile-failed', cause: 'Error: the end' });
});

it('stops packing at the hard limit and warns at the soft one', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': 'head -c 3000000 /dev/urandom > "$1/data"',
  });

  const limits = { timeoutMs: 15_000, slugMaxBytes: 2 ** 21, slugSoftBytes: 2 ** 20 };
  const hard = await rig.build({ 'requirements.txt': '' }, { limits });
  const soft = await rig.build({ 'requirements.txt': '' }, { limits: { ...limits, slugMaxBytes: 2 ** 23 } });

  expect(failureLines(failureOf(hard))[0]).toMatch(/^ ! {5}Compiled slug size: 3M is too large \(max is 2M\)\.$/);
  expect(soft.text).toMatch(
    /Done: 2\.9M\n ! {5}Warning: Your slug size \(3 MB\) exceeds our soft limit \(1 MB\) which may/,
  );
  expect((await readdir(rig.path('slugs'))).filter((name) => name.startsWith('tmp-'))).toEqual([]);
});

it('is not led astray by links that scripts leave behind', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': [
      'rm -rf "$2" && mkdir -p "$1/other" && echo mine > "$1/other/file" && cd "$1/.." && rm -rf codon && ln -s "$1/other" codon',
      'ln -s /etc/passwd "$1/Procfile"; ln -s / "$1/root"',
    ].join('\n'),
  });

  const built = await rig.build({ 'requirements.txt': '' });

  expect(built.lines).toContain('       Procfile declares types -> (none)');
  expect(await readFile(join(await rig.unpacked(built), 'other/file'), 'utf8')).toBe('mine\n');
});

it.each([
  ['', 'default_process_types', {}],
  ['---\n', 'nothing', {}],
  ['--- {}', 'an empty mapping', {}],
  ['default_process_types: {}', 'no types', {}],
  [
    'addons:\n  - heroku-postgresql\ndefault_process_types:\n  web: ./run --port $PORT',
    'types',
    { web: './run --port $PORT' },
  ],
])('reads %j of bin/release', async (yaml, _what, processTypes) => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('x', {
    'bin/detect': 'echo X',
    'bin/compile': '',
    'bin/release': `cat <<'END'\n${yaml}\nEND`,
  });
  const built = await rig.build({ a: '' });
  expect(built.slug.processTypes).toEqual(processTypes);
});

it.each([
  ['exit 3', /exited with status 3/],
  ['echo "a: [b"', /did not print valid YAML/],
  ['echo "just text"', /did not print a YAML mapping/],
  ['echo "default_process_types: {web: [a]}"', /default_process_types.web is not a string/],
  ['head -c 70000 /dev/zero | tr "\\0" x', /printed more than 64 KB/],
])('fails on a bin/release that is wrong: %s', async (script, expected) => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('x', { 'bin/detect': 'echo X', 'bin/compile': '', 'bin/release': script });
  const built = await rig.build({ a: '' });
  expect(failureLines(failureOf(built))[0]).toBe(' !     Push rejected, failed to compile X app.');
  expect(failureLines(failureOf(built)).join('\n')).toMatch(expected);
});

it('sweeps what builds that died have left, also while something still writes there', async () => {
  await using rig = await BuildRig.open();
  await mkdir(rig.path('builds/dead/closed/in'), { recursive: true });
  await chmod(rig.path('builds/dead/closed'), 0);
  await mkdir(rig.path('cache/app-1/1.spare'), { recursive: true });
  await mkdir(rig.path('cache/app-1/tmp-0123456789ab/half'), { recursive: true });
  await mkdir(rig.path('cache/app-2/1'), { recursive: true });
  const orphan = spawn('/bin/bash', [
    '-c',
    'mkdir -p "$1"; cd "$1"; while :; do mkdir $((++n)) || exit; done',
    '-',
    rig.path('builds/copy'),
  ]);
  const ended = new Promise((resolve) => orphan.once('exit', resolve));
  while (!existsSync(rig.path('builds/copy/9'))) await new Promise((resolve) => setTimeout(resolve, 5));

  await sweepBuilds(rig.path('builds'), pino({ enabled: false }));
  await rig.caches.sweep(new Set(['app-1']));

  await ended;
  expect(await readdir(rig.path('builds'))).toEqual([]);
  expect(await readdir(rig.path('cache'))).toEqual(['app-1']);
  expect(await readdir(rig.path('cache/app-1'))).toEqual(['1.spare']);
});

it('sweeps a folder that is too deep for a path, and closed', async () => {
  await using rig = await BuildRig.open();
  await mkdir(rig.path('builds', 'deep'));
  const nest =
    'for ((i = 0; i < 300; i++)); do mkdir ddddddddddddddddddddd; cd ddddddddddddddddddddd; done; chmod 0 ../..';
  await run('bash', ['-c', nest], { cwd: rig.path('builds', 'deep'), env: { PATH: '/usr/bin:/bin' } });

  await sweepBuilds(rig.path('builds'), pino({ enabled: false }));

  expect(await readdir(rig.path('builds'))).toEqual([]);
});

it('takes the cache of the last good build after a death at any moment', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', { ...detectPython, 'bin/compile': 'cat "$2/a" 2>/dev/null; echo saved > "$2/a"' });
  await rig.build({ 'requirements.txt': '' });
  const cache = (...parts: string[]): string => rig.path('cache', rig.app.id, ...parts);

  await rig.caches.settled();

  // Died during a build, which had taken the spare, and while the next cache and its spare were being made.
  await rm(cache('1.spare'), { recursive: true });
  await writeFiles(cache('tmp-0123456789ab'), { a: 'half\n' });
  const afterBuild = await rig.build({ 'requirements.txt': '' });
  await rig.caches.settled();
  // Died before the old one was removed, and before the new one had its spare.
  await rm(cache('2.spare'), { recursive: true });
  await writeFiles(cache('1'), { a: 'old\n' });
  await writeFiles(cache('1.spare'), { a: 'old\n' });
  const afterSave = await rig.build({ 'requirements.txt': '' });

  expect(afterBuild.lines).toContain('saved');
  expect(afterSave.lines).toContain('saved');
  await rig.caches.settled();
  expect((await readdir(cache())).toSorted()).toEqual(['3', '3.spare']);
});

it('removes what .slugignore matches before detection, and nothing else', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', {
    'bin/detect': '[[ ! -e "$1/docs" ]] && echo X',
    'bin/compile': 'cp -r "$1" "$1/../x"',
  });
  const outside = rig.path('outside');
  await writeFiles(outside, { 'keep.psd': 'x' });
  const files = {
    '.slugignore':
      '\uFEFF# comment\r\n*.psd\r\n/docs # manuals\n./rooted\nsrc/**/*.spec\n!keep.psd\n../outside\nlink/keep.psd\n\n[ab].txt\n',
    'a.psd': '',
    'deep/b.psd': '',
    'keep.psd': '',
    'docs/x/y': '',
    'deep/docs/z': '',
    rooted: '',
    'deep/rooted': '',
    'src/one/two/a.spec': '',
    'src/a.spec': '',
    'a.txt': '',
    'c.txt': '',
  };
  await using source = await rig.source(files);
  await symlink(outside, join(source.dir, 'link'));

  const built = await rig.build(files, { source });

  expect(built.lines.slice(1, 4)).toEqual([
    '-----> Deleting 8 files matching .slugignore patterns.',
    " !     Warning: .slugignore: '!keep.psd' is ignored, patterns with '!' are not supported.",
    '-----> Determining which buildpack to use for this app',
  ]);
  const left = await readdir(await rig.unpacked(built), { recursive: true });
  expect(left.toSorted()).toEqual(
    [
      '.slugignore',
      'c.txt',
      'deep',
      'deep/docs',
      'deep/docs/z',
      'deep/rooted',
      'link',
      // Listed through the link: still there.
      'link/keep.psd',
      'src',
      'src/one',
      'src/one/two',
    ].toSorted(),
  );
  expect(await readdir(outside)).toEqual(['keep.psd']);
});

it('leaves nothing half done when the disk is full', async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': 'echo "cp: error writing x: No space left on device"; exit 1',
  });
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

  const inCompile = await rig.build({ 'requirements.txt': '' });
  await rig.addBuildpack('python', { ...detectPython, 'bin/compile': '' });
  const slugs = { ...rig.slugs, pack: () => Promise.reject(full) };
  const inPack = await rig.build({ 'requirements.txt': '' }, {}, { slugs });

  expect(failureOf(inCompile)).toMatchObject({ reason: 'out-of-space', phase: 'compile' });
  expect(failureOf(inPack)).toMatchObject({ reason: 'out-of-space', phase: 'pack' });
  expect(failureLines(failureOf(inPack))[0]).toBe(' !     Push rejected, the disk of the platform is full.');
  expect(await readdir(rig.path('builds'))).toEqual([]);
});

it("shows builds the files that the operator's registry settings name, wherever they lie", async () => {
  await using rig = await BuildRig.open();
  await rig.addBuildpack('python', {
    ...detectPython,
    'bin/compile': 'cat "$PIP_CONFIG_FILE"; echo "$SSL_CERT_FILE [$PIP_CERT]"',
  });
  await writeFiles(rig.path('home'), { 'pip.conf': '[global]\nindex-url = http://index.example\n' }, 0o700);
  const platformEnv = {
    PIP_CONFIG_FILE: rig.path('home/pip.conf'),
    SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
    PIP_CERT: rig.path('home/missing.pem'),
  };

  const built = await rig.build({ 'requirements.txt': '' }, {}, { platformEnv });

  expect(built.lines).toContain('index-url = http://index.example');
  expect(built.lines).toContain('/etc/ssl/certs/ca-certificates.crt []');
});
