import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openDataFolder } from '../../../src/data-folder.ts';
import { runFolder } from '../../../src/run-folder.ts';

let dir = '';
/** So deep that sockets in it would have too long a path. */
let deep = '';
let run = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-data-'));
  deep = join(dir, 'd'.repeat(100));
  run = runFolder(deep);
});
afterEach(async () => {
  await rm(dir, { recursive: true });
  await rm(run, { recursive: true, force: true });
});

it('refuses a data folder where the kernel makes no folders, at once', async () => {
  await symlink('/proc', join(dir, 'link'));

  await expect(openDataFolder(join(dir, 'link', 'data', 'deeper'))).rejects.toThrow(
    /^Couldn't use the data folder .*\/link\/data\/deeper: ENOENT.* Set HOKKU_DATA_DIR to a folder that this user can write\.$/,
  );
});

it('makes the folders above it, also beside another start, and takes the lock once', async () => {
  const root = join(dir, 'a', 'b', 'data');

  const [first, second] = await Promise.allSettled([
    openDataFolder(root),
    mkdir(join(dir, 'a', 'b'), { recursive: true }),
  ]);

  expect([first.status, second.status]).toEqual(['fulfilled', 'fulfilled']);
  await expect(openDataFolder(root)).rejects.toThrow(/^Another platform \(process \d+\) already uses/);
});

it('takes a run folder outside of it away when nothing runs on, and only then', async () => {
  expect(run).toMatch(/^\/tmp\/hokku-\d+-[0-9a-f]{16}$/);
  const left = await openDataFolder(deep);
  await writeFile(join(run, 'router.sock'), '');
  await left[Symbol.asyncDispose]();
  expect(await readdir(run)).toEqual(['router.sock']);

  const ended = await openDataFolder(deep);
  expect((await stat(run)).mode & 0o777).toBe(0o700);
  await symlink(dir, join(run, 'link'));
  ended.releaseRun();
  await ended[Symbol.asyncDispose]();
  await expect(lstat(run)).rejects.toThrow('ENOENT');
  expect(await readdir(dir)).toEqual(['d'.repeat(100)]);

  // One that failed at its start leaves nothing either.
  await (await openDataFolder(deep))[Symbol.asyncDispose]();
  await expect(lstat(run)).rejects.toThrow('ENOENT');
});

it('never uses, changes or empties a run folder that somebody else has put there', async () => {
  const victim = join(dir, 'victim');
  await mkdir(victim, { mode: 0o755 });
  await chmod(victim, 0o755);
  await writeFile(join(victim, 'precious'), '');
  await symlink(victim, run);

  await expect(openDataFolder(deep)).rejects.toThrow(`${run} belongs to somebody else.`);
  expect((await stat(victim)).mode & 0o777).toBe(0o755);

  // Put there while a platform ran.
  await rm(run);
  const data = await openDataFolder(deep);
  await rm(run, { recursive: true });
  await symlink(victim, run);
  data.releaseRun();
  await data[Symbol.asyncDispose]();
  expect(await readdir(victim)).toEqual(['precious']);
  expect((await lstat(run)).isSymbolicLink()).toBe(true);

  await rm(run);
  if (process.getuid?.() !== 0) return; // Only root can make a folder of another user.
  await mkdir(run, { mode: 0o777 });
  await chown(run, 65_534, 65_534);
  await writeFile(join(run, 'planted'), '');
  await expect(openDataFolder(deep)).rejects.toThrow(`${run} belongs to somebody else.`);
  expect(await readdir(run)).toEqual(['planted']);
});
