import { lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildFailure, BuildOutput } from '../model/build.ts';
import type { CommitId } from '../model/ids.ts';
import type { QuarantinedObjects } from '../model/push.ts';
import type { FetchGuard } from './fetch-guard.ts';
import { git, gitEnvironment } from './git.ts';
import { describeFailure, openRemote, refusal } from './guarded-remote.ts';
import type { Submodule, TreeScan } from './scan-tree.ts';
import { parseRemoteUrl, type RemoteUrl } from './remote-url.ts';

const maxDepth = 8;
const maxSubmodules = 100;
const fetchTimeoutMs = 10 * 60_000;

export interface SubmoduleInstall {
  /** Bare repositories and credentials are kept here; it exists, and the caller removes it. */
  readonly workDir: string;
  readonly maxBytes: number;
  readonly output: BuildOutput;
  readonly signal: AbortSignal;
  readonly fetchEnv: Readonly<Record<string, string>>;
  readonly guard: FetchGuard;
  /** Writes a fetched commit's tree, after checking that it fits. */
  readonly write: (objects: QuarantinedObjects, commit: CommitId, dir: string) => Promise<WrittenTree>;
}

export type WrittenTree =
  | { readonly status: 'written'; readonly tree: TreeScan }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

/**
 * Fetches the submodules of a tree that has been written to `dir`, and theirs. Paths come from the tree itself, never
 * from .gitmodules, which only gives the URLs. Fetching can only speak http, https and git.
 */
export async function installSubmodules(
  source: { objects: QuarantinedObjects; commit: CommitId; dir: string; tree: TreeScan },
  install: SubmoduleInstall,
): Promise<BuildFailure | null> {
  install.output.write('-----> Git submodules detected, installing\n');
  return installLevel({ ...source, parent: null, prefix: '', depth: 1 }, install, { count: 0 });
}

interface Level {
  readonly objects: QuarantinedObjects;
  readonly commit: CommitId;
  readonly dir: string;
  readonly tree: TreeScan;
  readonly parent: RemoteUrl | null;
  readonly prefix: string;
  readonly depth: number;
}

async function installLevel(
  level: Level,
  install: SubmoduleInstall,
  total: { count: number },
): Promise<BuildFailure | null> {
  const urls = await readGitmodules(level.objects, level.commit, install.signal);
  for (const submodule of level.tree.submodules) {
    const name = submodule.path.toString('utf8');
    const path = `${level.prefix}${name}`;
    const fail = (url: string, detail: string): BuildFailure => ({ reason: 'submodule-failed', path, url, detail });
    const raw = urls.get(name);
    if (raw === undefined) return fail('', 'there is no URL for this path in .gitmodules');
    const url = parseRemoteUrl(raw, level.parent);
    if ('refused' in url) return fail(url.shown, url.refused);
    total.count += 1;
    if (total.count > maxSubmodules) return fail(url.url, `there are more than ${maxSubmodules} submodules`);
    if (level.depth > maxDepth) return fail(url.url, `submodules are nested deeper than ${maxDepth} levels`);

    const fetched = await fetchCommit(submodule, url, join(install.workDir, String(total.count)), install);
    if (fetched.status === 'failed') {
      if (install.signal.aborted) return { reason: 'cancelled', detail: 'while submodules were fetched' };
      return fail(url.url, fetched.detail);
    }
    const dir = await emptyFolder(level.dir, name);
    if (dir === null) return fail(url.url, 'its path leads through something that is not a folder');
    const written = await install.write(fetched.objects, submodule.commit, dir);
    if (written.status === 'failed') return written.failure;
    install.output.write(`       Submodule path '${printable(path)}': checked out '${submodule.commit}'\n`);
    if (written.tree.hasGitmodules && written.tree.submodules.length > 0) {
      const { objects } = fetched;
      const { commit } = submodule;
      const next: Level = {
        objects,
        commit,
        dir,
        tree: written.tree,
        parent: url,
        prefix: `${path}/`,
        depth: level.depth + 1,
      };
      const failure = await installLevel(next, install, total);
      if (failure !== null) return failure;
    }
    await rm(fetched.objects.gitDir, { recursive: true, force: true });
  }
  return null;
}

/** Path -> URL, as git itself reads the file of that commit. */
async function readGitmodules(
  objects: QuarantinedObjects,
  commit: CommitId,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const args = ['--git-dir', objects.gitDir, 'config', '--blob', `${commit}:.gitmodules`, '-z', '--list'];
  const listing = await git(args, { env: gitEnvironment(objects.env), signal, maxOutputBytes: 4 * 1024 * 1024 });
  const paths = new Map<string, string>();
  const urls = new Map<string, string>();
  for (const entry of listing.exitCode === 0 ? listing.stdout.toString('utf8').split('\0') : []) {
    const [, name, key, value] = /^submodule\.([^\n]*)\.(path|url)\n([^]*)$/.exec(entry) ?? [];
    if (name !== undefined && value !== undefined) (key === 'path' ? paths : urls).set(name, value);
  }
  const byPath = new Map<string, string>();
  for (const [name, path] of paths) {
    const url = urls.get(name);
    if (url !== undefined) byPath.set(path.replace(/\/+$/, ''), url);
  }
  return byPath;
}

type Fetched =
  | { readonly status: 'fetched'; readonly objects: QuarantinedObjects }
  | { readonly status: 'failed'; readonly detail: string };

async function fetchCommit(
  submodule: Submodule,
  url: RemoteUrl,
  gitDir: string,
  install: SubmoduleInstall,
): Promise<Fetched> {
  const limits = { ...install, timeoutMs: fetchTimeoutMs };
  const opened = await openRemote(url, gitDir, limits);
  if (opened.is === 'refused') return { status: 'failed', detail: opened.detail };
  const { remote } = opened;
  // Most servers give any commit by its id. Those that don't are asked for everything.
  let result = await remote.fetch(['--depth=1'], [submodule.commit]);
  if (result.exitCode !== 0 && result.stopped === null && refusal(result) === null) {
    result = await remote.fetch([], ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
  }
  if (result.stopped !== null || result.exitCode !== 0) {
    return { status: 'failed', detail: describeFailure(result, limits) };
  }
  const there = await git(['--git-dir', gitDir, 'cat-file', '-e', `${submodule.commit}^{commit}`]);
  if (there.exitCode === 0) return { status: 'fetched', objects: { gitDir, env: {} } };
  return { status: 'failed', detail: `the commit ${submodule.commit} is not in that repository; was it pushed?` };
}

/** The folder that the checkout made for a submodule, emptied; null if a symbolic link or file is in the way. */
async function emptyFolder(root: string, path: string): Promise<string | null> {
  let dir = root;
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git') return null;
    dir = join(dir, part);
    const found = await lstat(dir).catch(() => null);
    if (found === null) await mkdir(dir);
    else if (!found.isDirectory()) return null;
  }
  return dir;
}

function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]/g, '?');
}
