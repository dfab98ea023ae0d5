import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import type { Logger } from '../log.ts';
import type { AppId, CommitId } from '../model/ids.ts';
import type { QuarantinedObjects } from '../model/push.ts';
import { exportSource, type ExportInput, type ExportOutcome } from './export-source.ts';
import { git, gitEnvironment, runGit } from './git.ts';
import { packRepo } from './pack-repo.ts';
import { isCommit, readCommit, type CommitInfo } from './read-commit.ts';
import { serveCommand, type GitCommand, type ServeOptions } from './serve-command.ts';
import { sweepRepos } from './sweep-repos.ts';

/** The apps' bare repositories, one folder each: `<dir>/<appId>.git`. */
export interface Repos {
  /** Makes an empty repository; one that is already there stays as it is. */
  create(appId: AppId): Promise<void>;
  exists(appId: AppId): Promise<boolean>;
  path(appId: AppId): string;
  remove(appId: AppId): Promise<void>;
  /** See export-source.ts. */
  exportSource(input: ExportInput): Promise<ExportOutcome>;
  /** Throws when the object is not there or not a commit. */
  readCommit(objects: QuarantinedObjects, commit: CommitId): Promise<CommitInfo>;
  isCommit(objects: QuarantinedObjects, id: CommitId): Promise<boolean>;
  /** The commit that a branch or tag holds now; null if there is no such ref. */
  readRef(appId: AppId, ref: string): Promise<CommitId | null>;
  /** The ref of the branch that a clone checks out, which need not be there. */
  readHead(appId: AppId): Promise<string>;
  setHead(appId: AppId, ref: 'refs/heads/main' | 'refs/heads/master'): Promise<void>;
  /** The git that answers one request of the smart HTTP protocol. */
  serve(appId: AppId, options: ServeOptions): GitCommand;
  /** Keeps it packed, behind the back of pushes; see pack-repo.ts. Returns whether there was anything to do. */
  pack(appId: AppId, signal: AbortSignal, isThorough?: boolean): Promise<boolean>;
  /** At boot, before the first push: removes what a crash left (temporary folders, quarantines, locks) and repositories of no app. */
  sweep(apps: ReadonlySet<AppId>): Promise<void>;
}

/** Throws when the pre-receive hook is missing or can't be executed: git would then accept every push without a build. */
export async function openRepos(options: { dir: string; hooksDir: string; log: Logger }): Promise<Repos> {
  const dir = resolve(options.dir);
  const hooksDir = resolve(options.hooksDir);
  const hook = join(hooksDir, 'pre-receive');
  await access(hook, constants.X_OK).catch((cause: unknown) => {
    throw new PlatformError(
      'internal_server_error',
      `The hook ${hook} is missing or not executable, so no push could be built. Install the platform again, or run: chmod 755 ${hook}`,
      { cause },
    );
  });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = (appId: AppId): string => join(dir, `${safeId(appId)}.git`);

  const packing = new KeyedQueue<AppId>();

  return {
    path,
    create: (appId) => createRepo(dir, path(appId)),
    exists: (appId) => isFolder(path(appId)),
    async remove(appId) {
      // Renamed first: a half-removed repository must never be taken for one.
      const gone = join(dir, `.gone-${safeId(appId)}-${randomBytes(4).toString('hex')}`);
      await rename(path(appId), gone).catch(ignoreCode('ENOENT'));
      await rm(gone, { recursive: true, force: true, maxRetries: 3 });
    },
    exportSource,
    readCommit,
    isCommit,
    async readRef(appId, ref) {
      const loose = await readLooseRef(path(appId), ref);
      if (loose !== null) return loose;
      const args = ['--git-dir', path(appId), 'rev-parse', '--verify', '--quiet', '--end-of-options', ref];
      const { exitCode, stdout } = await git(args, { timeoutMs: 60_000 });
      return exitCode === 0 ? (stdout.toString('latin1').trim() as CommitId) : null;
    },
    readHead: async (appId) => (await readFile(join(path(appId), 'HEAD'), 'latin1')).replace(/^ref: /, '').trim(),
    async setHead(appId, ref) {
      await runGit('symbolic-ref', ['--git-dir', path(appId), 'symbolic-ref', 'HEAD', ref], { timeoutMs: 60_000 });
    },
    serve: (appId, serveOptions) => serveCommand(path(appId), hooksDir, serveOptions),
    pack: (appId, signal, isThorough) => packing.run(appId, () => packRepo(path(appId), signal, isThorough)),
    sweep: (apps) => sweepRepos(dir, apps, options.log),
  };
}

async function createRepo(dir: string, path: string): Promise<void> {
  if (await isFolder(path)) return;
  const fresh = join(dir, `.new-${randomBytes(8).toString('hex')}`);
  try {
    const args = ['init', '--quiet', '--bare', '--template=', '--object-format=sha1', '--initial-branch=main', fresh];
    await runGit('init', args, { env: gitEnvironment(), timeoutMs: 60_000 });
    // Two creators at once: the second rename finds a folder that is not empty.
    await rename(fresh, path).catch(ignoreCode('ENOTEMPTY', 'EEXIST'));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** The file that git itself looks into first; null for a ref that is packed, missing, or of an unusual name: git knows. */
async function readLooseRef(gitDir: string, ref: string): Promise<CommitId | null> {
  if (!/^refs\/(heads|tags)\/[\w-]+$/.test(ref)) return null;
  const text = await readFile(join(gitDir, ref), 'latin1').catch(() => '');
  return /^[0-9a-f]{40}\n$/.test(text) ? (text.trim() as CommitId) : null;
}

function safeId(appId: AppId): string {
  if (!/^[0-9a-f-]{1,64}$/.test(appId)) throw new Error('Internal: an app id that is not a UUID');
  return appId;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(ignoreCode('ENOENT'));
  return found?.isDirectory() ?? false;
}

function ignoreCode(...codes: readonly string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
    return undefined;
  };
}
