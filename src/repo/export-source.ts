import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildFailure, BuildOutput, SourceTree } from '../model/build.ts';
import type { CommitId } from '../model/ids.ts';
import type { QuarantinedObjects } from '../model/push.ts';
import { checkOut } from './checkout.ts';
import type { FetchGuard } from './fetch-guard.ts';
import { installSubmodules, type WrittenTree } from './install-submodules.ts';
import { findLfsPointers, lfsWarning } from './lfs-pointers.ts';
import { scanTree } from './scan-tree.ts';

export interface ExportInput {
  readonly objects: QuarantinedObjects;
  readonly commit: CommitId;
  /** Does not exist yet; its parent does. Absolute. */
  readonly dir: string;
  /** Limit of all files together, submodules included. Heroku's is 1 GB. */
  readonly maxBytes: number;
  readonly output: BuildOutput;
  readonly signal: AbortSignal;
  /** Further variables for fetching submodules: `https_proxy`, `GIT_SSL_CAINFO`. */
  readonly fetchEnv?: Readonly<Record<string, string>>;
  /** Judges where submodules are fetched from. */
  readonly guard: FetchGuard;
}

export type ExportOutcome =
  | { readonly status: 'exported'; readonly source: SourceTree }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

/** A tree with more entries than this is refused as too large, whatever its bytes. */
const maxEntries = 500_000;

/**
 * Writes a commit's files into `dir`, without any trace of git: no `.git`, no `.gitmodules`. Sizes are checked before
 * anything is written. After a failure or an abort there is nothing left.
 * Source: git-push.md section 7 (https://devcenter.heroku.com/articles/slug-compiler).
 */
export async function exportSource(input: ExportInput): Promise<ExportOutcome> {
  const { dir } = input;
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true, maxRetries: 3 });
  await mkdir(dir, { mode: 0o755 });
  const written = { bytes: 0, entries: 0, hasDsStore: false };
  let failure: BuildFailure | null;
  try {
    failure = await writeAll(input, written);
  } catch (error) {
    await remove();
    if (!input.signal.aborted) throw error;
    failure = cancelled;
  }
  if (failure === null) {
    const isPruned = !written.hasDsStore;
    return { status: 'exported', source: { dir, commit: input.commit, isPruned, [Symbol.asyncDispose]: remove } };
  }
  await remove();
  return { status: 'failed', failure };
}

interface Written {
  bytes: number;
  entries: number;
  hasDsStore: boolean;
}

async function writeAll(input: ExportInput, written: Written): Promise<BuildFailure | null> {
  const { objects, commit, dir, maxBytes, output, signal } = input;

  const write = async (from: QuarantinedObjects, id: CommitId, into: string): Promise<WrittenTree> => {
    const limits = { maxBytes: maxBytes - written.bytes, maxEntries: maxEntries - written.entries };
    const scan = await scanTree(from, id, limits, signal);
    if (scan.status === 'aborted') return failed(cancelled);
    if (scan.status === 'too-large') {
      const sizeBytes = written.bytes + scan.sizeBytes;
      if (sizeBytes <= maxBytes) output.write(` !     The source has more than ${maxEntries} files.\n`);
      return failed({ reason: 'source-too-large', sizeBytes, maxBytes });
    }
    written.bytes += scan.tree.sizeBytes;
    written.entries += scan.tree.entries;
    written.hasDsStore ||= scan.tree.hasDsStore;
    const { exitCode, stopped, stderr } = await checkOut(from, id, into, signal);
    if (stopped !== null) return failed(cancelled);
    if (/No space left on device|Disk quota exceeded/.test(stderr)) return failed(outOfSpace(stderr));
    if (exitCode !== 0) throw new Error(`git read-tree exited with ${exitCode}: ${stderr.trim().slice(-2000)}`);
    await prune(into);
    const pointers = await findLfsPointers(into, scan.tree);
    if (pointers.length > 0) output.write(lfsWarning(pointers));
    return { status: 'written', tree: scan.tree };
  };

  const root = await write(objects, commit, dir);
  if (root.status === 'failed') return root.failure;
  if (root.tree.hasGitmodules && root.tree.submodules.length > 0) {
    const workDir = await mkdtemp(`${dir}.submodules-`);
    try {
      const install = { workDir, maxBytes, output, signal, write, fetchEnv: input.fetchEnv ?? {}, guard: input.guard };
      const failure = await installSubmodules({ objects, commit, dir, tree: root.tree }, install);
      if (failure !== null) return failure;
    } finally {
      await rm(workDir, { recursive: true, force: true, maxRetries: 3 });
    }
  }
  return null;
}

/** Heroku's prune. Git itself never checks out a `.git`; this is the second lock on that door. */
async function prune(root: string): Promise<void> {
  await rm(join(root, '.git'), { recursive: true, force: true });
  await rm(join(root, '.gitmodules'), { recursive: true, force: true });
}

const cancelled: BuildFailure = { reason: 'cancelled', detail: 'while the source was checked out' };

function failed(failure: BuildFailure): { readonly status: 'failed'; readonly failure: BuildFailure } {
  return { status: 'failed', failure };
}

function outOfSpace(stderr: string): BuildFailure {
  const detail = stderr.trim().split('\n')[0]?.slice(0, 500) ?? '';
  return { reason: 'out-of-space', phase: 'source', detail };
}
