import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { exists } from '../lib/exists.ts';
import { fired } from '../lib/fired.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';

/** How the platform gets at buildpacks elsewhere. Details of failures are for the pusher, and name no credential. */
export interface BuildpackFetcher {
  /** `ref`: a branch, a tag or a commit; null: the default branch. */
  findCommit(url: string, ref: string | null, signal: AbortSignal): Promise<FoundCommit>;
  /** Writes the files of a commit into `dir`, which does not exist yet. */
  fetchCommit(url: string, commit: string, dir: string, signal: AbortSignal): Promise<FetchResult>;
  /** Downloads an archive and unpacks it into `dir`, which does not exist yet. `root`: the folder with the files, `dir` or one in it. */
  fetchArchive(url: string, dir: string, signal: AbortSignal): Promise<FetchedArchive>;
}

export type FoundCommit = { readonly status: 'found'; readonly commit: string } | FetchFailure;
export type FetchResult = { readonly status: 'fetched' } | FetchFailure;
export type FetchedArchive =
  { readonly status: 'fetched'; readonly sha256: string; readonly root: string } | FetchFailure;

export interface FetchFailure {
  readonly status: 'failed';
  readonly detail: string;
  /** False: nobody could be asked, so that what is known of before may still be true. */
  readonly isAnswer: boolean;
}

export interface FetchedBuildpack {
  readonly status: 'found';
  /** Holds `bin/`. Never changed. */
  readonly dir: string;
  /** Commit, or SHA-256 of the archive. */
  readonly version: string;
  /** What the pusher should know: that it is an older one, as its server can't be reached. */
  readonly warning: string | null;
}

const urlName = /^[0-9a-f]{40}$/;
const cancelled: FetchFailure = { status: 'failed', detail: 'the build was cancelled', isAnswer: true };
const versionName = /^[0-9a-f]{40}$|^[0-9a-f]{64}$/;
/** One that was given to a build just now is not removed under it. */
const inUseMs = 60 * 60_000;

/**
 * Buildpacks that were fetched by URL, each version once for all apps: `<sha1 of the URL>/<version>/`. A version never
 * changes; what a branch or an archive is now is asked at each build.
 */
export class FetchedBuildpacks {
  readonly #dir: string;
  readonly #fetcher: BuildpackFetcher;
  /** One fetch of a URL at a time. */
  readonly #turns = new KeyedQueue<string>();

  constructor(dir: string, fetcher: BuildpackFetcher) {
    this.#dir = dir;
    this.#fetcher = fetcher;
  }

  /** `reference`: the URL of a git repository, with `#ref` or without, or of a .tgz, with `#<sha256>` or without. */
  async get(reference: string, signal: AbortSignal): Promise<FetchedBuildpack | FetchFailure> {
    const hash = reference.indexOf('#');
    const [url, ref] = hash === -1 ? [reference, null] : [reference.slice(0, hash), reference.slice(hash + 1)];
    const folder = join(this.#dir, sha1(url));
    const over = new AbortController();
    const turn = this.#turns.run(folder, async () => {
      if (signal.aborted) return cancelled;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFileAtomic(join(folder, 'url'), `${url}\n`, 0o600);
      const found = isArchive(url)
        ? await this.#fetchArchive(url, ref, folder, signal)
        : await this.#fetchCommit(url, ref, folder, signal);
      if (found.status === 'failed') return found;
      const now = new Date();
      await utimes(found.dir, now, now);
      return found;
    });
    turn.catch(() => undefined); // Thrown below, if anybody waits for it still.
    try {
      // Another build may be fetching from the same slow server: one that is cancelled does not wait for that.
      const gone = fired(signal, over.signal).then(() => cancelled);
      return await Promise.race([turn, gone]);
    } finally {
      over.abort();
    }
  }

  /** Folders of versions, the least recently used first; not those that a build may be using. */
  async listByUse(): Promise<readonly string[]> {
    const urls = (await namesIn(this.#dir)).filter((name) => urlName.test(name));
    const dirs = await Promise.all(urls.map((name) => versionsIn(join(this.#dir, name))));
    const used = await Promise.all(
      dirs.flat().map(async (dir) => ({ dir, at: (await stat(dir).catch(() => null))?.mtimeMs ?? 0 })),
    );
    const before = Date.now() - inUseMs;
    return used
      .filter(({ at }) => at < before)
      .toSorted((a, b) => a.at - b.at)
      .map(({ dir }) => dir);
  }

  /** A folder of `listByUse`. */
  async remove(dir: string): Promise<void> {
    const away = `${dir}.tmp-${randomBytes(6).toString('hex')}`;
    await rename(dir, away);
    await rm(away, { recursive: true, force: true });
  }

  /** At boot: what a crash left half done. */
  async sweep(): Promise<void> {
    for (const name of await namesIn(this.#dir)) {
      if (!urlName.test(name)) await rm(join(this.#dir, name), { recursive: true, force: true });
      for (const each of await namesIn(join(this.#dir, name))) {
        if (each.includes('.tmp-')) await rm(join(this.#dir, name, each), { recursive: true, force: true });
      }
    }
  }

  async #fetchCommit(
    url: string,
    ref: string | null,
    folder: string,
    signal: AbortSignal,
  ): Promise<FetchedBuildpack | FetchFailure> {
    const note = join(folder, `ref-${sha1(ref ?? 'HEAD')}`);
    const found = await this.#fetcher.findCommit(url, ref, signal);
    if (found.status === 'failed') return await known(found, note, folder);
    const dir = join(folder, found.commit);
    if (!(await exists(dir))) {
      const failure = await this.#place(dir, async (temporary) => {
        const fetched = await this.#fetcher.fetchCommit(url, found.commit, temporary, signal);
        return fetched.status === 'failed' ? fetched : temporary;
      });
      if (failure !== null) return await known(failure, note, folder);
    }
    await writeFileAtomic(note, found.commit, 0o600);
    return { status: 'found', dir, version: found.commit, warning: null };
  }

  /** `pin`: the SHA-256 that it must have. */
  async #fetchArchive(
    url: string,
    pin: string | null,
    folder: string,
    signal: AbortSignal,
  ): Promise<FetchedBuildpack | FetchFailure> {
    if (pin !== null && !/^[0-9a-f]{64}$/.test(pin)) {
      return { status: 'failed', detail: 'what follows the # of an archive is its SHA-256, in hex', isAnswer: true };
    }
    const pinned = join(folder, pin ?? '');
    if (pin !== null && (await exists(pinned))) return { status: 'found', dir: pinned, version: pin, warning: null };
    const note = join(folder, 'ref-archive');
    const temporary = join(folder, `archive.tmp-${randomBytes(6).toString('hex')}`);
    try {
      const fetched = await this.#fetcher.fetchArchive(url, temporary, signal);
      if (fetched.status === 'failed') return pin === null ? await known(fetched, note, folder) : fetched;
      if (pin !== null && fetched.sha256 !== pin) {
        return {
          status: 'failed',
          detail: `its SHA-256 is ${fetched.sha256} now, which was not asked for`,
          isAnswer: true,
        };
      }
      const dir = join(folder, fetched.sha256);
      if (!(await exists(dir))) {
        // An archive of nothing but `bin` is no archive of one folder with a buildpack in it.
        const isAtTop = await exists(join(temporary, 'bin', 'compile'));
        const failure = await this.#place(dir, () => Promise.resolve(isAtTop ? temporary : fetched.root));
        if (failure !== null) return failure;
      }
      await writeFileAtomic(note, fetched.sha256, 0o600);
      return { status: 'found', dir, version: fetched.sha256, warning: null };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** Nothing is at `dir` before it is whole. */
  async #place(dir: string, fill: (temporary: string) => Promise<string | FetchFailure>): Promise<FetchFailure | null> {
    const temporary = `${dir}.tmp-${randomBytes(6).toString('hex')}`;
    try {
      const root = await fill(temporary);
      if (typeof root !== 'string') return root;
      if (!(await exists(join(root, 'bin', 'compile')))) {
        return { status: 'failed', detail: 'it has no bin/compile, so it is no buildpack', isAnswer: true };
      }
      await rename(root, dir);
      return null;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
}

/** What the URL was when it was last reached, if that is still here. */
async function known(failure: FetchFailure, note: string, folder: string): Promise<FetchedBuildpack | FetchFailure> {
  if (failure.isAnswer) return failure;
  const version = (await readFile(note, 'utf8').catch(() => '')).trim();
  const dir = join(folder, version);
  if (!versionName.test(version) || !(await exists(dir))) return failure;
  const warning = `it can't be reached (${failure.detail}), so ${version.slice(0, 8)} is used, which it was at the last build`;
  return { status: 'found', dir, version, warning };
}

export function isArchive(url: string): boolean {
  return URL.canParse(url) && /\.(tgz|tar\.gz)$/.test(new URL(url).pathname);
}

async function versionsIn(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).filter((name) => versionName.test(name)).map((name) => join(folder, name));
}

async function namesIn(dir: string): Promise<readonly string[]> {
  return await readdir(dir).catch(() => []);
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
