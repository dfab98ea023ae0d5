import { mkdtemp, readdir, rm, stat, writeFile, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Ballast, CollectionGate, holdCollection, SpaceLedger } from '../../../src/disk/index.ts';
import { freeSpace } from '../../../src/lib/free-space.ts';
import { packRepo, countPacks } from '../../../src/repo/pack-repo.ts';
import { run, spawn } from '../../../src/lib/spawn.ts';
import { SmallDisk } from '../../rig/small-disk.ts';
import { quiet } from '../../rig/store.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-disk-unit-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const never = new AbortController().signal;

describe('the gate of collection', () => {
  it('never lets a collection and a holder go on together, whoever comes first', async () => {
    const gate = new CollectionGate(dir, never);
    let collecting = 0;
    let holding = 0;
    let together = 0;
    const check = (): void => {
      if (collecting > 0 && holding > 0) together += 1;
    };
    const collect = async (): Promise<void> => {
      for (let n = 0; n < 20; n += 1) {
        await gate.run(async () => {
          collecting += 1;
          check();
          await delay(Math.random() * 4);
          check();
          collecting -= 1;
        });
        await delay(Math.random() * 4);
      }
    };
    let held = 0;
    const hold = async (): Promise<void> => {
      while (held < 6) {
        await using _hold = await holdCollection(dir, never);
        holding += 1;
        check();
        await delay(Math.random() * 8);
        check();
        holding -= 1;
        held += 1;
      }
    };

    await Promise.all([collect(), collect(), hold()]);

    expect(together).toBe(0);
    expect(await readdir(dir)).toEqual([]);
  });

  it('minds neither what dead processes left nor a holder that hangs', async () => {
    await writeFile(join(dir, 'held-4194300-1-ab'), '');
    await writeFile(join(dir, 'collecting-4194300-1'), '');
    const hanging = await holdCollection(dir, never);
    const gate = new CollectionGate(dir, never);
    expect(await gate.runNow(() => Promise.resolve('done'))).toBeNull();
    const longAgo = new Date(Date.now() - 16 * 60_000);
    for (const name of await readdir(dir)) await utimes(join(dir, name), longAgo, longAgo);

    expect(await gate.run(() => Promise.resolve('done'))).toBe('done');
    await hanging[Symbol.asyncDispose]();
    expect(await readdir(dir)).toEqual([]);
  });
});

it('promises no space twice, and gives it back', async () => {
  const { freeBytes } = await freeSpace(dir);
  const ledger = new SpaceLedger(dir, () => 0);
  const need = (bytes: number, taken = 0) => ({ bytes, files: 10, taken: () => Promise.resolve(taken) });
  const first = await ledger.claim(need(Math.floor(freeBytes * 0.6)));
  expect(first.status).toBe('granted');
  const both = await Promise.all([ledger.claim(need(Math.floor(freeBytes * 0.6))), ledger.claim(need(1))]);
  expect(both.map(({ status }) => status)).toEqual(['short', 'granted']);
  expect(both[0]).toMatchObject({ of: 'bytes', promised: Math.floor(freeBytes * 0.6) });
  if (first.status === 'granted') first[Symbol.dispose]();
  expect((await ledger.claim(need(Math.floor(freeBytes * 0.6)))).status).toBe('granted');
});

it('counts files where the file system has only so many', async () => {
  await using small = await SmallDisk.mount('size=50m,nr_inodes=3000');
  if (small === null) {
    process.stderr.write('skipped: no file system can be mounted here\n');
    return;
  }
  const ledger = new SpaceLedger(small.dir, () => 0);
  const taken = (): Promise<number> => Promise.resolve(0);
  expect(await ledger.claim({ bytes: 1, files: 5_000, taken })).toMatchObject({ status: 'short', of: 'files' });
  expect((await ledger.claim({ bytes: 1, files: 500, taken })).status).toBe('granted');
});

it('keeps a reserve that gives way when the disk is full and comes back', async () => {
  await using small = await SmallDisk.mount('size=100m');
  if (small === null) {
    process.stderr.write('skipped: no file system can be mounted here\n');
    return;
  }
  const path = join(small.dir, 'ballast');
  const ballast = new Ballast(small.dir, path, quiet.platform);
  expect(await ballast.adjust()).toBe('taken');
  expect((await stat(path)).size).toBe(1024 * 1024);
  expect(await ballast.adjust()).toBe('kept');
  await small.fill(0);
  await expect(writeFile(join(small.dir, 'row'), Buffer.alloc(4096))).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await ballast.adjust()).toBe('released');
  await writeFile(join(small.dir, 'row'), Buffer.alloc(4096));
  expect(await ballast.adjust()).toBe('kept');
  await small.empty();
  expect(await ballast.adjust()).toBe('taken');
});

it('keeps a repository packed over hundreds of pushes, with fetches and pushes going on, and loses nothing', async () => {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: dir,
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'a@b.c',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'a@b.c',
  };
  const git = (cwd: string, ...args: string[]) => run('git', args, { env, cwd });
  const [bare, work] = [join(dir, 'bare.git'), join(dir, 'work')];
  await git(dir, 'init', '--quiet', '--bare', bare);
  for (const [key, value] of [
    ['receive.unpackLimit', '1'],
    ['receive.autogc', 'false'],
  ] as const)
    await git(bare, 'config', key, value);
  await git(dir, 'init', '--quiet', '--initial-branch=main', work);
  let most = 0;
  let packing: Promise<unknown> = Promise.resolve();
  const pushes = 120;
  for (let n = 1; n <= pushes; n += 1) {
    await writeFile(join(work, 'file'), `${n}\n`);
    await git(work, 'add', 'file');
    await git(work, 'commit', '--quiet', '--message', `${n}`);
    await git(work, 'push', '--quiet', '--force', bare, 'main');
    most = Math.max(most, await countPacks(bare));
    // Not waited for: the next push comes while it goes on.
    packing = packing.then(() => packRepo(bare, never));
  }
  await packing;
  expect(most).toBeLessThan(45);
  expect(await packRepo(bare, never, true)).toBe(true);
  expect(await countPacks(bare)).toBe(1);
  const { exitCode } = await spawn('git', ['--git-dir', bare, 'fsck', '--full', '--strict'], { env });
  expect(exitCode).toBe(0);
  expect((await git(bare, 'rev-list', '--count', 'main')).toString().trim()).toBe(String(pushes));
  expect((await readdir(join(bare, 'objects'))).filter((name) => name.length === 2)).toEqual([]);
});
