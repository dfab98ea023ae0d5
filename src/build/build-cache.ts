import { chmod, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import { removeTree } from '../lib/remove-tree.ts';
import { settlesWithin } from '../lib/settles-within.ts';
import type { Logger } from '../log.ts';
import type { AppId } from '../model/ids.ts';
import { copy, discard, isFolder, isTemporary, makeSpare, move, newest, temporaryIn } from './cache-folder.ts';
import { removeStubborn } from './sweep-builds.ts';

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
 * Whoever works in the folder of an app has its turn.
 */
export class BuildCaches implements AsyncDisposable {
  readonly #dir: string;
  readonly #log: Logger;
  /** Copies that are being made. `done` never rejects. */
  readonly #spares = new Map<AppId, { readonly done: Promise<void>; readonly giveUp: () => void }>();
  readonly #closing = new AbortController();
  /** Builds of one app run one after the other, but collection comes between. */
  readonly #turns = new KeyedQueue<AppId>();

  constructor(dir: string, log: Logger) {
    this.#dir = dir;
    this.#log = log;
  }

  /**
   * Puts the app's cache, or an empty folder, at `target`, which doesn't exist yet. False: there was no room for the cache;
   * what is saved stays until this build saves its own.
   */
  restore(appId: AppId, target: string, signal: AbortSignal): Promise<boolean> {
    return this.#turns.run(appId, () => this.#restore(appId, target, signal));
  }

  async #restore(appId: AppId, target: string, signal: AbortSignal): Promise<boolean> {
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
  save(appId: AppId, from: string, signal: AbortSignal): Promise<boolean> {
    return this.#turns.run(appId, () => this.#save(appId, from, signal));
  }

  async #save(appId: AppId, from: string, signal: AbortSignal): Promise<boolean> {
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

  /** The next build starts without one. A build that has taken it already keeps its own. */
  async remove(appId: AppId): Promise<void> {
    this.#spares.get(appId)?.giveUp();
    await this.#turns.run(appId, async () => {
      const dir = await this.#folder(appId);
      // Renamed first, so that nobody takes a half-removed cache for a whole one.
      const names = (await readdir(dir)).toSorted((a, b) => b.length - a.length);
      for (const name of names) if (!isTemporary(name)) await discard(dir, name, this.#closing.signal);
      await removeTree(dir);
    });
  }

  /** Removes the copy that saves the next build the time to make one. */
  async removeSpare(appId: AppId): Promise<void> {
    await this.#turns.run(appId, async () => {
      const dir = await this.#folder(appId);
      for (const name of await readdir(dir))
        if (name.endsWith('.spare')) await discard(dir, name, this.#closing.signal);
    });
  }

  /** The apps that have one, the one that was used longest ago first. */
  async listByUse(): Promise<readonly AppId[]> {
    const apps = (await readdir(this.#dir)) as AppId[];
    const used = await Promise.all(apps.map((app) => stat(join(this.#dir, app)).catch(() => null)));
    return apps
      .map((app, n) => ({ app, usedMs: used[n]?.mtimeMs ?? 0 }))
      .toSorted((a, b) => a.usedMs - b.usedMs)
      .map(({ app }) => app);
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
