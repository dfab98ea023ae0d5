import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { holdCollection } from '../disk/index.ts';
import { linkFile } from '../lib/link-file.ts';
import type { AppId, Sha256 } from '../model/ids.ts';
import { digestOf, linkRepo, readRefs, type RepoRefs } from '../repo/index.ts';
import { withSnapshot, type StoreOptions, type StoreSnapshot } from '../store/index.ts';
import type { DataPaths } from './data-paths.ts';
import { isMemberName } from './manifest.ts';

export interface StageInput {
  readonly data: DataPaths;
  readonly store: StoreOptions;
  /** An empty folder in the data folder. */
  readonly dir: string;
  readonly withLogs: boolean;
  readonly signal: AbortSignal;
}

export interface StagedFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

/** The platform at one moment: nothing in it changes any more, whatever the platform goes on with. */
export interface Stage {
  readonly migrations: readonly string[];
  readonly keyFingerprint: string | null;
  /** Rows, slugs and everything else that is a file. */
  readonly files: readonly StagedFile[];
  /** `dir`: objects without refs. */
  readonly repos: readonly {
    readonly appId: AppId;
    readonly refs: RepoRefs;
    readonly dir: string;
    readonly size: number;
  }[];
  readonly slugs: number;
  /** What should be there and is not. */
  readonly warnings: readonly string[];
}

interface Attempt extends Stage {
  /** Somebody pushed, or removed something, while it was made. */
  readonly isUnsteady: boolean;
}

const maxAttempts = 6;
const noRefs: RepoRefs = { head: 'refs/heads/main', refs: [] };

/**
 * Takes hold of everything by hard links, which is a matter of moments and needs nobody to stop. What was pushed during
 * these moments makes the attempt void. After some attempts, an app that is being pushed to all the time gets the branches
 * of just before the rows were read: it is as if the platform had been killed before git moved the branch, and pushing
 * again deploys again.
 */
export async function stage(input: StageInput): Promise<Stage> {
  // A repack moves objects between two listings of a repository, and a collection takes files away.
  await using _held = await holdCollection(input.data.holds, input.signal);
  for (let number = 1; ; number += 1) {
    input.signal.throwIfAborted();
    const attempt = await tryStage({ ...input, dir: join(input.dir, String(number)) });
    if (!attempt.isUnsteady || number === maxAttempts) return attempt;
  }
}

async function tryStage(input: StageInput): Promise<Attempt> {
  const { data, dir } = input;
  await mkdir(dir, { mode: 0o700 });
  const before = await readAllRefs(data.repos);
  const { snapshot, files } = await withSnapshot(input.store, async (rows) => ({
    snapshot: rows,
    files: await writeRows(rows, join(dir, 'database')),
  }));
  const after = await readAllRefs(data.repos);
  const warnings: string[] = [];

  let isUnsteady = false;
  const repos: Stage['repos'][number][] = [];
  for (const appId of snapshot.appIds) {
    const [first, second] = [before.get(appId), after.get(appId)];
    if (first === undefined || second === undefined || digestOf(first) !== digestOf(second)) isUnsteady = true;
    const target = join(dir, 'repos', `${appId}.git`);
    const isLinked = await ifThere(() => linkRepo(join(data.repos, `${appId}.git`), target));
    if (isLinked !== true) {
      isUnsteady = true;
      warnings.push(`the repository of app ${appId} is missing; a restore makes an empty one`);
    } else if (first === undefined) {
      const ask = `git --git-dir ${join(data.repos, `${appId}.git`)} fsck`;
      warnings.push(`git can't read the branches of app ${appId}; a restore makes an empty repository. Ask ${ask} why`);
    }
    const refs = isLinked === true ? (first ?? noRefs) : noRefs;
    repos.push({ appId, refs, dir: target, size: await sizeOf(join(target, 'objects')) });
  }
  for (const sha of snapshot.slugsInUse) {
    const slug = await takeFile(`slugs/${sha}.tgz`, join(data.slugs, `${sha}.tgz`), dir);
    if (slug === null) {
      isUnsteady = true;
      warnings.push(missingSlug(sha));
    } else files.push(slug);
  }
  files.push(...(await takeOthers(input)));
  const { migrations, keyFingerprint, slugsInUse } = snapshot;
  return { migrations, keyFingerprint, files, repos, slugs: slugsInUse.length, warnings, isUnsteady };
}

function missingSlug(sha: Sha256): string {
  return `the slug ${sha} of a release is missing; its app can't be rolled back to it`;
}

async function readAllRefs(dir: string): Promise<ReadonlyMap<string, RepoRefs>> {
  const all = new Map<string, RepoRefs>();
  const ids = (await readdir(dir)).flatMap((name) => /^([0-9a-f-]{36})\.git$/.exec(name)?.[1] ?? []);
  const atOnce = 4;
  for (let start = 0; start < ids.length; start += atOnce) {
    const some = ids.slice(start, start + atOnce);
    const refs = await Promise.all(some.map((id) => readRefs(join(dir, `${id}.git`))));
    for (const [n, id] of some.entries()) if (refs[n] != null) all.set(id, refs[n]);
  }
  return all;
}

async function writeRows(snapshot: StoreSnapshot, dir: string): Promise<StagedFile[]> {
  await mkdir(dir, { mode: 0o700 });
  const files: StagedFile[] = [];
  for (const table of snapshot.tables) {
    const path = join(dir, `${table}.jsonl`);
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const piece of snapshot.read(table)) {
        await file.appendFile(piece.map((row) => `${JSON.stringify(row)}\n`).join(''));
      }
    } finally {
      await file.close();
    }
    files.push({ name: `database/${table}.jsonl`, path, size: (await stat(path)).size });
  }
  return files;
}

/** Uploads that wait for their build, certificates, the operator's token, and logs. */
async function takeOthers({ data, dir, withLogs }: StageInput): Promise<StagedFile[]> {
  const folders: [prefix: string, path: string][] = [
    ['sources', data.sources],
    ['tls', data.tls],
  ];
  if (withLogs) folders.push(['logs', data.logs], ['streams', data.streams]);
  const found: StagedFile[] = [];
  for (const [prefix, path] of folders) {
    for (const name of await listFiles(path)) {
      const file = await takeFile(`${prefix}/${name}`, join(path, name), dir);
      if (file !== null) found.push(file);
    }
  }
  const token = await takeFile('admin-token', join(data.root, 'admin-token'), dir);
  if (token !== null) found.push(token);
  return found;
}

/** Null when it is gone, or is half done yet: of a temporary name. A log that is written to counts as it is now. */
async function takeFile(name: string, from: string, dir: string): Promise<StagedFile | null> {
  if (!isMemberName(name) || /\.tmp-[0-9a-f]+$/.test(name)) return null;
  const path = join(dir, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const size = await ifThere(async () => {
    await linkFile(from, path);
    return (await stat(path)).size;
  });
  return size === null ? null : { name, path, size };
}

async function listFiles(dir: string): Promise<readonly string[]> {
  const entries = (await ifThere(() => readdir(dir, { recursive: true, withFileTypes: true }))) ?? [];
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).slice(dir.length + 1));
}

async function sizeOf(dir: string): Promise<number> {
  const sizes = await Promise.all((await listFiles(dir)).map(async (name) => (await stat(join(dir, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function ifThere<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
