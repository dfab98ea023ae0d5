import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { processesWith } from '../rig/process-list.ts';
import { eventually, PlatformRig, sandboxSetting } from '../rig/platform-rig.ts';
import { pushTiny, tinyApp } from '../rig/tiny-app.ts';

const hook = (...lines: string[]): string => ['#!/usr/bin/env bash', ...lines, ''].join('\n');

describe('a build that misbehaves', () => {
  let rig: PlatformRig;
  beforeAll(async () => {
    rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '1' } });
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  it('may print binary and escape codes', async () => {
    const app = await rig.createApp();
    const push = await pushTiny(app, 'one', {
      'bin/pre_compile': hook(
        String.raw`printf 'colour \033[31mred\033[0m end\n'`,
        String.raw`printf 'bytes \200\377\000\001 end\n'`,
        String.raw`head -c 20000 /dev/urandom; echo`,
        String.raw`printf 'no line end'; sleep 0.1; echo`,
      ),
    });
    expect(push.output).toContain('Released v3');
    expect(push.exitCode).toBe(0);
    expect(push.output).toContain('colour \u001b[31mred\u001b[0m end');
    expect(push.output).toContain('no line end');
    expect((await app.get()).body).toBe('one of web.1');
    await expectNothingLeft(rig);
  });

  it('may print 100 MB: the pusher sees its beginning and its end, the platform stays small', async () => {
    const app = await rig.createApp();
    writeFileSync(`/proc/${rig.pid}/clear_refs`, '5');
    const before = memoryOf(rig.pid, 'VmRSS');
    const push = await pushTiny(app, 'one', {
      'bin/pre_compile': hook(
        'echo "the beginning"',
        `head -c ${100 * 1024 * 1024} < <(yes 'a line of a build that talks too much, over and over again')`,
        'echo; echo "the end"',
      ),
    });
    const growth = memoryOf(rig.pid, 'VmHWM') - before;
    expect(push.exitCode).toBe(0);
    expect(push.remoteLines).toContain('       the beginning');
    expect(push.remoteLines).toContain('       the end');
    expect(push.output).toMatch(/\d+ bytes of output are left out here: a build shows at most \d+\./);
    expect(growth).toBeLessThan(150 * 1024 * 1024);
    await expectNothingLeft(rig);
  });

  it('may leave daemons: they are gone when it is over', async () => {
    const app = await rig.createApp();
    const marker = `31415926${Math.floor(Math.random() * 1e6)}`;
    const push = await pushTiny(app, 'one', {
      'bin/pre_compile': hook(
        `setsid sh -c 'trap "" TERM HUP INT; (sleep ${marker}; true) & wait; sleep ${marker}' < /dev/null > /dev/null 2>&1 &`,
        'echo "daemon started"',
      ),
    });
    expect(push.output).toContain('daemon started');
    expect(push.exitCode).toBe(0);
    await expectNothingLeft(rig, marker);
  });

  it('may delete its cache, and starts without one the next time', async () => {
    const app = await rig.createApp();
    const note = hook(
      'echo "found: $(cat "$CACHE_DIR/note" 2>/dev/null || echo nothing)"',
      'echo kept > "$CACHE_DIR/note"',
    );
    await pushTiny(app, 'one', { 'bin/pre_compile': note });
    const second = await pushTiny(app, 'two', { 'bin/post_compile': hook('rm -rf "$CACHE_DIR"') });
    expect(second.remoteLines).toContain('       found: kept');
    expect(second.exitCode).toBe(0);
    const third = await pushTiny(app, 'three', { 'bin/post_compile': hook('true') });
    expect(third.remoteLines).toContain('       found: nothing');
    const fourth = await pushTiny(app, 'four');
    expect(fourth.remoteLines).toContain('       found: kept');
    expect((await app.get()).body).toBe('four of web.1');
    await expectNothingLeft(rig);
  });

  it('may delete its build folder: the push is refused, what ran keeps running', async () => {
    const app = await rig.createApp();
    await pushTiny(app, 'one');
    const push = await pushTiny(app, 'two', { 'bin/post_compile': hook('rm -rf "$BUILD_DIR"') });
    expect(push.exitCode).toBe(1);
    expect(push.output).toContain('Push rejected, failed to compile Python app.');
    expect(push.output).toContain('Your script bin/post_compile removed the app.');
    expect((await app.get()).body).toBe('one of web.1');
    const next = await pushTiny(app, 'three', { 'bin/post_compile': hook('true') });
    expect(next.exitCode).toBe(0);
    expect((await app.get()).body).toBe('three of web.1');
    await expectNothingLeft(rig);
  });

  it('reaches nothing outside of its folders', async () => {
    // There are no walls then, as the doctor says.
    if (sandboxSetting()['HOKKU_SANDBOX'] === 'process') return;
    const app = await rig.createApp();
    const mark = `hokku-${Math.random().toString(16).slice(2)}`;
    const data = rig.dataDir;
    const places = [
      '/etc',
      '/usr',
      '/opt',
      '/var',
      '/root',
      '/home',
      '/tmp',
      '/app',
      '/run',
      data,
      `${data}/slugs`,
      `${data}/repos`,
    ];
    const push = await pushTiny(app, 'one', {
      'bin/pre_compile': hook(
        `for place in ${places.join(' ')}; do (mkdir -p "$place" && echo x > "$place/${mark}") 2> /dev/null; done`,
        `cat ${data}/secret-key ${data}/admin-token 2>&1 | sed 's/^/secret: /'`,
      ),
    });
    expect(push.output).not.toContain(rig.token);
    for (const place of places) expect([place, existsSync(join(place, mark))]).toEqual([place, false]);
    expect(push.exitCode).toBe(0);
    await expectNothingLeft(rig);
  });

  it('goes on and is released when its pusher presses Ctrl-C', async () => {
    const app = await rig.createApp();
    await pushTiny(app, 'one');
    await app.write({ ...tinyApp('two'), 'bin/pre_compile': hook('echo "half way"; sleep 1; echo done') });
    await app.commit();
    const push = app.startPush();
    await eventually('the compile', () => Promise.resolve(push.output().includes('half way')));
    push.child.kill('SIGINT');
    expect((await push.result).exitCode).not.toBe(0);
    await eventually('the release', async () => (await app.get()).body === 'two of web.1');
    expect((await app.releases()).at(-1)).toMatchObject({ version: 4, status: 'succeeded', current: true });
    await expectNothingLeft(rig);
    // The ref has moved: the very same push is up to date.
    expect((await app.push()).output).toContain('Everything up-to-date');
  });
});

describe.each([
  ['as here', {}],
  ['process', { HOKKU_SANDBOX: 'process' }],
])('a build that takes too long (sandbox: %s)', (_name, sandbox) => {
  it('is ended with its whole process tree, soon, and says so', async () => {
    await using rig = await PlatformRig.start({
      settings: { HOKKU_BUILD_TIMEOUT: '4', HOKKU_STOP_GRACE: '1', ...sandbox },
    });
    const app = await rig.createApp();
    expect((await pushTiny(app, 'one')).exitCode).toBe(0);
    const marker = `27182818${Math.floor(Math.random() * 1e6)}`;
    const startedAt = performance.now();
    const push = await pushTiny(app, 'two', {
      'bin/pre_compile': hook(
        `trap '' TERM INT HUP QUIT; setsid bash -c 'trap "" TERM; sleep ${marker}; sleep ${marker}' &`,
        'echo "taking my time"',
        `sleep ${marker}; while true; do sleep ${marker}; done`,
      ),
    });
    expect(push.exitCode).toBe(1);
    expect(push.output).toContain('taking my time');
    expect(push.remoteLines).toContain(' !     Push rejected, timed out; must complete in 4 seconds.');
    expect(push.output).toContain('Failed in: compile');
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    expect(processesWith(marker)).toEqual([]);
    await expectNothingLeft(rig, marker);
    expect((await app.get()).body).toBe('one of web.1');
    const next = await pushTiny(app, 'three', { 'bin/pre_compile': hook('true') });
    expect(next.exitCode).toBe(0);
    expect((await app.get()).body).toBe('three of web.1');
  });
});

(canMount() ? describe : describe.skip)('a disk that is full (needs root and a tmpfs of its own)', () => {
  let disk: Disk;
  let rig: PlatformRig;
  let dataDir: string;
  beforeAll(async () => {
    disk = mountDisk(64);
    dataDir = join(disk.dir, 'data');
    rig = await PlatformRig.start({ dataDir, settings: { HOKKU_STOP_GRACE: '1' } });
  });
  afterAll(async () => {
    try {
      await rig[Symbol.asyncDispose]();
    } finally {
      disk[Symbol.dispose]();
    }
  });

  it('is named to the pusher; nothing half is left, the cache is whole and the next push works', async () => {
    const app = await rig.createApp();
    const note = hook(
      'echo "found: $(cat "$CACHE_DIR/note" 2>/dev/null || echo nothing)"',
      'echo kept > "$CACHE_DIR/note"',
    );
    expect((await pushTiny(app, 'one', { 'bin/pre_compile': note })).exitCode).toBe(0);
    const freeBefore = freeBytes(dataDir);

    // 1. The script that meets the full disk fails.
    const fill = 'head -c 200M /dev/zero > "$BUILD_DIR/large"';
    const first = await pushTiny(app, 'two', { 'bin/post_compile': hook('set -e', fill) });
    expect(first.exitCode).toBe(1);
    expect(first.output).toContain('No space left on device');
    expect(first.output).toMatch(/The disk of the platform is full|disk/);
    await expectNothingLeft(rig);
    expect((await app.get()).body).toBe('one of web.1');

    // 2. It takes no notice of it, and the platform meets it.
    const second = await pushTiny(app, 'three', {
      'bin/post_compile': hook('head -c 200M /dev/urandom > "$BUILD_DIR/large"; true'),
    });
    expect(second.exitCode).toBe(1);
    expect(second.output).toContain('No space left on device');
    await expectNothingLeft(rig);

    // 3. Its cache takes more than there is.
    const third = await pushTiny(app, 'four', {
      'bin/post_compile': hook('head -c 35M /dev/zero > "$CACHE_DIR/large"'),
    });
    expect(third.exitCode).toBe(0);
    await expectNothingLeft(rig);
    expect((await app.get()).body).toBe('four of web.1');
    const fourth = await pushTiny(app, 'five', { 'bin/post_compile': hook('true') });
    expect(fourth.exitCode).toBe(0);
    expect(fourth.remoteLines).toContain(' !     Warning: the disk is full, this build starts without its cache.');
    expect(fourth.remoteLines).toContain('       found: nothing');
    const fifth = await pushTiny(app, 'six');
    expect(fifth.remoteLines).toContain('       found: kept');
    expect((await app.get()).body).toBe('six of web.1');
    expect(freeBytes(dataDir)).toBeGreaterThan(freeBefore - 8 * 1024 * 1024);
  });

  it('is named to a pusher whose pack does not fit', async () => {
    const app = await rig.createApp();
    const large = Buffer.alloc(80 * 1024 * 1024);
    for (let at = 0; at < large.length; at += 4) large.writeUInt32LE((Math.imul(at, 2654435761) ^ (at << 7)) >>> 0, at);
    await app.git('config', 'core.compression', '0');
    await app.write({ ...tinyApp('one'), large });
    await app.commit();
    const push = await app.push();
    expect(push.exitCode).toBe(1);
    expect(push.output).toMatch(/the disk of the platform has room for \d+ MB only[^]*hokku disk/);
    await expectNothingLeft(rig);
    await app.git('rm', '--quiet', 'large');
    await app.git('commit', '--quiet', '--amend', '--message', 'smaller');
    expect((await app.push()).exitCode).toBe(0);
    expect((await app.get()).body).toBe('one of web.1');
    await expectNothingLeft(rig);
  });
});

interface Disk extends Disposable {
  readonly dir: string;
}

/** A file system of its own, with this many megabytes. */
function mountDisk(megabytes: number): Disk {
  const dir = mkdtempSync(join(tmpdir(), 'hokku-disk-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', dir]);
  if (status !== 0) {
    rmdirSync(dir);
    throw new Error(`mount: ${String(stderr)}`);
  }
  return {
    dir,
    [Symbol.dispose]() {
      // Lazily: whatever still holds a file of it must not keep the disk in its place.
      spawnSync('umount', ['--lazy', dir]);
      rmdirSync(dir);
    },
  };
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    mountDisk(1)[Symbol.dispose]();
    return true;
  } catch {
    return false; // A container may forbid it to root.
  }
}

function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

/** Bytes. */
function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
