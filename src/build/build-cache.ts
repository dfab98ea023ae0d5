import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import { removeTree } from '../lib/remove-tree.ts';
import { run } from '../lib/spawn.ts';
import type { Logger } from '../log.ts';
import type { AppId } from '../model/ids.ts';
import { removeStubborn } from './sweep-builds.ts';

/** Of the disk, not to be filled with copies that only save time. */
const reservedBytes = 256 * 1024 * 1024;
/** How long a build waits for a copy that is being made before it makes its own, which has the processor's full attention. */
const sparePatienceMs = 250;

/**
 * The apps' caches between builds, a folder per app. In it `<n>` is what the last successful build left, never changed
 * again, and `<n>.spare` is a copy that the next build takes by renaming it.
 *
 *     restore   rename <n>.spare      (or copy <n>, where there is no spare)
 *     save      rename into <n+1>; then, behind the build's back and whenever no one else wants the processor (the release's
 *               dynos boot at that time), remove <n> and copy to <n+1>.spare
 *
 * So a whole `<n>` exists at any moment, whatever is killed when, and neither step makes a build wait: a copy of 60 MB in
 * 6,000 files takes 0.3 to 1.2 s, a rename nothing. Hard links instead of a copy would be as quick, but a buildpack that
 * writes in place would change both sides. Where the file system shares blocks (btrfs, xfs), the copy costs no space.
 *
 * A failed build's cache is dropped, because it may hold half of something; the next build starts from `<n>` again.
 * Builds of one app run one after the other, so nobody else works in its folder.
 */
export class BuildCaches implements AsyncDisposable {
  readonly #dir: string;
  readonly #log: Logger;
  /** Copies that are being made. `done` never rejects. */
  readonly #spares = new Map<AppId, { readonly done: Promise<void>; readonly giveUp: () => void }>();
  readonly #closing = new AbortController();

  constructor(dir: string, log: Logger) {
    this.#dir = dir;
    this.#log = log;
  }

  /**
   * Puts the app's cache, or an empty folder, at `target`, which doesn't exist yet. False: there was no room for the cache;
   * what is saved stays until this build saves its own.
   */
  async restore(appId: AppId, target: string, signal: AbortSignal): Promise<boolean> {
    const making = this.#spares.get(appId);
    if (making !== undefined && !(await settlesWithin(making.done, sparePatienceMs))) making.giveUp();
    const dir = await this.#folder(appId);
    const current = newest(await readdir(dir));
    if (current === null) {
      await mkdir(target);
      return true;
    }
    const spare = join(dir, `${current}.spare`);
    try {
      if (await isFolder(spare)) await move(spare, target, signal);
      else await copy(join(dir, String(current)), target, signal);
      return true;
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      await removeTree(target);
      await mkdir(target);
      return false;
    }
  }

  /** Takes what the scripts left at `from`, which may be nothing. Losing the cache for want of space is not an error; returns false then. */
  async save(appId: AppId, from: string, signal: AbortSignal): Promise<boolean> {
    const dir = await this.#folder(appId);
    const current = newest(await readdir(dir));
    const temporary = temporaryIn(dir);
    try {
      if (await isFolder(from)) {
        // Only who may write to a folder may move it.
        await chmod(from, 0o755);
        await move(from, temporary, signal);
        await rename(temporary, join(dir, String((current ?? 0) + 1)));
      } else if (current !== null) {
        // The scripts removed it: the next build starts without one.
        await rename(join(dir, String(current)), temporary);
      }
    } catch (error) {
      await removeTree(temporary);
      if (isOutOfSpace(error)) return false;
      throw error;
    }
    this.#makeSpare(appId, dir);
    return true;
  }

  async remove(appId: AppId): Promise<void> {
    this.#spares.get(appId)?.giveUp();
    await this.#spares.get(appId)?.done;
    await removeTree(join(this.#dir, appId));
  }

  /** At boot, before the first build: removes half-made caches, and caches of apps that are gone. */
  async sweep(apps: ReadonlySet<string>): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o711 });
    for (const app of await readdir(this.#dir)) {
      const dir = join(this.#dir, app);
      if (!apps.has(app)) await removeStubborn(dir, this.#log);
      else
        for (const name of await readdir(dir)) if (isTemporary(name)) await removeStubborn(join(dir, name), this.#log);
    }
  }

  /** Resolves when the copies under way are made. */
  async settled(): Promise<void> {
    await Promise.all([...this.#spares.values()].map(({ done }) => done));
  }

  /** Ends the copies under way; a build without a spare only waits a little. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.settled();
  }

  // Private

  async #folder(appId: AppId): Promise<string> {
    await this.#spares.get(appId)?.done;
    const dir = join(this.#dir, appId);
    await mkdir(dir, { recursive: true, mode: 0o711 });
    return dir;
  }

  #makeSpare(appId: AppId, dir: string): void {
    const givingUp = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, givingUp.signal]);
    const done = makeSpare(dir, signal, () => givingUp.signal.aborted).catch((error: unknown) => {
      // Not lost: the next build copies the cache itself.
      if (!signal.aborted) this.#log.warn({ app: appId, err: error }, 'build cache not copied ahead');
    });
    const giveUp = (): void => {
      givingUp.abort();
    };
    this.#spares.set(appId, { done, giveUp });
    void done.then(() => this.#spares.delete(appId));
  }
}

const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

async function makeSpare(dir: string, signal: AbortSignal, isHurried: () => boolean): Promise<void> {
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
  const [{ bavail, bsize }, usage] = await Promise.all([
    statfs(cache),
    runBehind('du', ['-s', '-B1', '--', cache], { env, signal }),
  ]);
  return bavail * bsize >= Number.parseInt(usage.toString(), 10) + reservedBytes;
}

/** Removes all but the newest cache and its spare, and says which that is. */
async function tidy(appCacheDir: string, signal: AbortSignal): Promise<number | null> {
  const names = await readdir(appCacheDir);
  const current = newest(names);
  const kept = new Set(current === null ? [] : [String(current), `${current}.spare`]);
  for (const name of names) if (!kept.has(name)) await discard(appCacheDir, name, signal);
  return current;
}

function newest(names: readonly string[]): number | null {
  const saved = names.filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
  return saved.length === 0 ? null : Math.max(...saved);
}

/** Renamed first, so that a half-removed cache is never taken for a whole one. What an abort leaves is removed the next time. */
async function discard(appCacheDir: string, name: string, signal: AbortSignal): Promise<void> {
  const doomed = temporaryIn(appCacheDir);
  await rename(join(appCacheDir, name), doomed);
  try {
    await runBehind('rm', ['-rf', '--', doomed], { env, signal, timeoutMs: 300_000 });
  } catch (error) {
    if (signal.aborted) throw error;
    await removeTree(doomed);
  }
}

function temporaryIn(appCacheDir: string): string {
  return join(appCacheDir, `tmp-${randomBytes(6).toString('hex')}`);
}

function isTemporary(name: string): boolean {
  return name.startsWith('tmp-');
}

async function move(from: string, to: string, signal: AbortSignal): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copy(from, to, signal);
  }
}

/** Everything as it is: owners, modes, times, links, names of any bytes. */
async function copy(from: string, to: string, signal: AbortSignal, start = run): Promise<void> {
  await start('cp', ['-a', '--reflink=auto', '-T', '--', from, to], { env, signal, timeoutMs: 300_000 });
}

/** Gets what the processor has left, and leaves this process alone: thousands of files would keep it from its requests. */
const runBehind: typeof run = (file, args, options) => run('nice', ['-n', '19', file, ...args], options);

async function settlesWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  const late = new AbortController();
  const settled = promise.then(() => true);
  const isSettled = await Promise.race([settled, delay(ms, false, { signal: late.signal }).catch(() => true)]);
  late.abort();
  return isSettled;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
