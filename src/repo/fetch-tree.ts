import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import type { BuildFailure } from '../model/build.ts';
import type { CommitId } from '../model/ids.ts';
import { exportSource } from './export-source.ts';
import { describeFailure, openRemote, refusal, type GuardedRemote, type RemoteLimits } from './guarded-remote.ts';
import { parseRemoteUrl } from './remote-url.ts';

export interface RemoteTreeInput extends RemoteLimits {
  /** http, https or git. */
  readonly url: string;
  /** A branch, a tag or a whole commit id; null: what the repository's HEAD is. */
  readonly ref: string | null;
  /** Of an absolute path that exists; for bare repositories, which are gone afterwards. */
  readonly workDir: string;
}

export type RemoteCommit =
  | { readonly status: 'found'; readonly commit: CommitId }
  /** `isAnswer`: the server was asked, and there is no such ref. */
  | { readonly status: 'failed'; readonly detail: string; readonly isAnswer: boolean };

export type FetchedTree =
  { readonly status: 'fetched' } | { readonly status: 'failed'; readonly detail: string; readonly isAnswer: boolean };

const commitId = /^[0-9a-f]{40}$/;
const safeRef = /^(?![-/.])(?!.*(\.\.|\/\/|@\{))[\w./+-]{1,200}(?<!\.lock|[./])$/;

/** Asks the server which commit a ref is now. */
export async function findRemoteCommit(input: RemoteTreeInput): Promise<RemoteCommit> {
  const { ref } = input;
  if (ref !== null && commitId.test(ref)) return { status: 'found', commit: ref as CommitId };
  if (ref !== null && !safeRef.test(ref)) {
    return {
      status: 'failed',
      detail: `${JSON.stringify(ref.slice(0, 100))} is no name of a branch or tag`,
      isAnswer: true,
    };
  }
  return await withRemote(input, async (remote): Promise<RemoteCommit> => {
    // An annotated tag is followed to its commit.
    const wanted = ref === null ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`];
    const listed = await remote.list(wanted);
    if (listed.exitCode !== 0 || listed.stopped !== null) {
      return { status: 'failed', detail: describeFailure(listed, input), isAnswer: refusal(listed) !== null };
    }
    const found = new Map(
      listed.stdout
        .toString('utf8')
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([commit = '', name = '']) => [name, commit]),
    );
    const commit = wanted.map((name) => found.get(name)).find((id) => id !== undefined && commitId.test(id));
    if (commit !== undefined) return { status: 'found', commit: commit as CommitId };
    const what = ref === null ? 'it has no commit' : `it has no branch and no tag ${ref}`;
    return { status: 'failed', detail: what, isAnswer: true };
  });
}

/** Writes the files of a commit into `dir`, which does not exist yet, without any trace of git; after a failure there is nothing. */
export async function fetchTree(input: RemoteTreeInput, commit: CommitId, dir: string): Promise<FetchedTree> {
  return await withRemote(input, async (remote): Promise<FetchedTree> => {
    let result = await remote.fetch(['--depth=1'], [commit]);
    if (result.exitCode !== 0 && result.stopped === null && refusal(result) === null) {
      result = await remote.fetch([], ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
    }
    if (result.exitCode !== 0 || result.stopped !== null) {
      const isAnswer = result.stopped !== null || refusal(result) !== null;
      return { status: 'failed', detail: describeFailure(result, input), isAnswer };
    }
    const { maxBytes, signal, fetchEnv, guard } = input;
    const objects = { gitDir: remote.gitDir, env: {} };
    const silent = { write: () => undefined };
    const exported = await exportSource({ objects, commit, dir, maxBytes, output: silent, signal, fetchEnv, guard });
    return exported.status === 'exported'
      ? { status: 'fetched' }
      : { status: 'failed', detail: describe(exported.failure), isAnswer: true };
  });
}

async function withRemote<Result>(
  input: RemoteTreeInput,
  work: (remote: GuardedRemote) => Promise<Result>,
): Promise<Result | { readonly status: 'failed'; readonly detail: string; readonly isAnswer: boolean }> {
  const url = parseRemoteUrl(input.url, null);
  if ('refused' in url) return { status: 'failed', detail: url.refused, isAnswer: true };
  const dir = await mkdtemp(join(input.workDir, 'remote-'));
  try {
    const opened = await openRemote(url, join(dir, 'git'), input);
    return opened.is === 'open'
      ? await work(opened.remote)
      : { status: 'failed', detail: opened.detail, isAnswer: opened.isAnswer };
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

function describe(failure: BuildFailure): string {
  switch (failure.reason) {
    case 'source-too-large':
      return 'it is too large';
    case 'submodule-failed':
      return `its submodule ${failure.path} could not be fetched (${failure.detail})`;
    case 'cancelled':
      return 'the build was cancelled';
    default:
      return `its files could not be written (${failure.reason})`;
  }
}
