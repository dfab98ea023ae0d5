import { randomBytes } from 'node:crypto';
import { lstat, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { freeSpace } from '../lib/free-space.ts';
import { removeTree } from '../lib/remove-tree.ts';
import { run } from '../lib/spawn.ts';

/** Of the disk, not to be filled with copies that only save time. */
const reservedBytes = 256 * 1024 * 1024;

const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

export async function makeSpare(dir: string, signal: AbortSignal, isHurried: () => boolean): Promise<void> {
  const current = await tidy(dir, signal);
  if (current === null) return;
  const temporary = temporaryIn(dir);
  try {
    if (!(await hasRoomForSpare(join(dir, String(current)), signal))) return;
    await copy(join(dir, String(current)), temporary, signal, runBehind);
    await rename(temporary, join(dir, `${current}.spare`));
  } catch (error) {
    // A build waits: the next spare clears it away.
    if (!isHurried()) await removeTree(temporary);
    throw error;
  }
}

/** The copy goes on beside the release of its build, which must not find the disk full of it. */
async function hasRoomForSpare(cache: string, signal: AbortSignal): Promise<boolean> {
  const [{ freeBytes }, usage] = await Promise.all([
    freeSpace(cache),
    runBehind('du', ['-s', '-B1', '--', cache], { env, signal }),
  ]);
  return freeBytes >= Number.parseInt(usage.toString(), 10) + reservedBytes;
}

/** Removes all but the newest cache and its spare, and says which that is. */
async function tidy(appCacheDir: string, signal: AbortSignal): Promise<number | null> {
  const names = await readdir(appCacheDir);
  const current = newest(names);
  const kept = new Set(current === null ? [] : [String(current), `${current}.spare`]);
  for (const name of names) if (!kept.has(name)) await discard(appCacheDir, name, signal);
  return current;
}

export function newest(names: readonly string[]): number | null {
  const saved = names.filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
  return saved.length === 0 ? null : Math.max(...saved);
}

/** Renamed first, so that a half-removed cache is never taken for a whole one. What an abort leaves is removed the next time. */
export async function discard(appCacheDir: string, name: string, signal: AbortSignal): Promise<void> {
  const doomed = temporaryIn(appCacheDir);
  await rename(join(appCacheDir, name), doomed);
  try {
    await runBehind('rm', ['-rf', '--', doomed], { env, signal, timeoutMs: 300_000 });
  } catch (error) {
    if (signal.aborted) throw error;
    await removeTree(doomed);
  }
}

export function temporaryIn(appCacheDir: string): string {
  return join(appCacheDir, `tmp-${randomBytes(6).toString('hex')}`);
}

export function isTemporary(name: string): boolean {
  return name.startsWith('tmp-');
}

export async function move(from: string, to: string, signal: AbortSignal): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copy(from, to, signal);
  }
}

/** Everything as it is: owners, modes, times, links, names of any bytes. */
export async function copy(from: string, to: string, signal: AbortSignal, start = run): Promise<void> {
  await start('cp', ['-a', '--reflink=auto', '-T', '--', from, to], { env, signal, timeoutMs: 300_000 });
}

/** Gets what the processor has left, and leaves this process alone: thousands of files would keep it from its requests. */
const runBehind: typeof run = (file, args, options) => run('nice', ['-n', '19', file, ...args], options);

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
