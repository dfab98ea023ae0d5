import type { CommitId } from '../model/ids.ts';
import type { Push, RefUpdate } from '../model/push.ts';

export type DeployRef = Push['ref'];

/** What file systems take as the name of one file, and nobody comes near. */
const maxRefBytes = 255;

export type PushDecision =
  | { readonly is: 'refused'; readonly reason: string }
  /** Refs move, nothing is built; `notice` is told to the pusher. */
  | { readonly is: 'stored'; readonly notice: string | null }
  | { readonly is: 'deploy'; readonly ref: DeployRef; readonly oldCommit: CommitId | null; readonly commit: CommitId };

/** Parses pre-receive's standard input. Throws on anything that git does not write. */
export function parseRefUpdates(lines: string): readonly RefUpdate[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, oldId, newId, ref] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (.+)$/.exec(line) ?? [];
      if (oldId === undefined || newId === undefined || ref === undefined) {
        throw new Error('Internal: the pre-receive hook sent a line that is not `old new ref`');
      }
      return { ref, oldCommit: parseId(oldId), newCommit: parseId(newId) };
    });
}

/**
 * Which refs build. Source: https://devcenter.heroku.com/articles/git#deploy-from-a-branch-besides-main and
 * git-push.md section 4. `main` and `master` together are one deploy if they are one commit; two different commits
 * would be two releases of which one wins by chance, so that is refused.
 */
export function decidePush(updates: readonly RefUpdate[]): PushDecision {
  for (const { ref, newCommit } of updates) {
    if (!/^refs\/(heads|tags)\//.test(ref)) {
      return refused(
        `Push rejected, ${printable(ref)} is neither a branch nor a tag. Push to refs/heads/... or refs/tags/...`,
      );
    }
    if (Buffer.byteLength(ref) > maxRefBytes || ref.includes('\ufffd')) {
      return refused(
        `Push rejected, ${printable(ref)} is longer than ${maxRefBytes} bytes or not UTF-8, and could not be backed up. Use another name.`,
      );
    }
    if (isDeployRef(ref) && newCommit === null) return refused(`Push rejected, cannot delete ${branchOf(ref)} branch`);
    const [, deployBranch] = /^refs\/heads\/(main|master)\//.exec(ref) ?? [];
    if (deployBranch !== undefined) {
      return refused(
        `Push rejected, a branch below ${deployBranch}/ would stand in the way of the branch ${deployBranch}. Use another name.`,
      );
    }
  }
  const deploys = updates.flatMap(({ ref, oldCommit, newCommit }) =>
    isDeployRef(ref) && newCommit !== null ? [{ is: 'deploy' as const, ref, oldCommit, commit: newCommit }] : [],
  );
  const [first, second] = deploys;
  if (first === undefined) {
    const stores = updates.some(({ newCommit }) => newCommit !== null);
    const notice = 'Pushed to branch other than [main, master], skipping build.';
    return { is: 'stored', notice: stores ? notice : null };
  }
  if (second !== undefined && second.commit !== first.commit) {
    return refused(
      `Push rejected, main (${deploys[0]?.commit.slice(0, 8)}) and master are different commits and both would deploy. Push one of them.`,
    );
  }
  return first;
}

function isDeployRef(ref: string): ref is DeployRef {
  return ref === 'refs/heads/main' || ref === 'refs/heads/master';
}

export function branchOf(ref: string): string {
  return ref.replace(/^refs\/heads\//, '');
}

function refused(reason: string): PushDecision {
  return { is: 'refused', reason };
}

function parseId(id: string): CommitId | null {
  return /^0+$/.test(id) ? null : (id as CommitId);
}

/** Ref names come from outside and go to a terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?').slice(0, 200);
}
