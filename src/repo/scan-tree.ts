import type { CommitId } from '../model/ids.ts';
import type { QuarantinedObjects } from '../model/push.ts';
import { git, gitEnvironment } from './git.ts';

export interface Submodule {
  /** Bytes as in the tree; names need not be UTF-8. */
  readonly path: Buffer;
  readonly commit: CommitId;
}

/** What a commit's tree would write, known before anything is written. */
export interface TreeScan {
  readonly sizeBytes: number;
  readonly entries: number;
  readonly submodules: readonly Submodule[];
  readonly hasGitmodules: boolean;
  /** Files that macOS leaves everywhere and no slug has. */
  readonly hasDsStore: boolean;
  /** Paths of .gitattributes files. */
  readonly attributes: readonly Buffer[];
  /** Paths of regular files small enough to be LFS pointers. */
  readonly small: readonly Buffer[];
}

export type ScanOutcome =
  | { readonly status: 'scanned'; readonly tree: TreeScan }
  | { readonly status: 'too-large'; readonly sizeBytes: number; readonly entries: number }
  | { readonly status: 'aborted' };

/** An LFS pointer is 127 bytes and more, and always under 1,024. Source: git-lfs, docs/spec.md. */
const pointerBytes = { min: 100, max: 1024 };
/** So that a tree with a million small files does not cost memory; more pointers than this are not counted. */
const maxSmall = 50_000;

/** Reads `git ls-tree` as it comes and stops at the limits, so that a tree bomb of a few objects can't unfold. */
export async function scanTree(
  objects: QuarantinedObjects,
  commit: CommitId,
  limits: { maxBytes: number; maxEntries: number },
  signal: AbortSignal,
): Promise<ScanOutcome> {
  const tree = { sizeBytes: 0, entries: 0, submodules: [] as Submodule[], hasGitmodules: false, hasDsStore: false };
  const attributes: Buffer[] = [];
  const small: Buffer[] = [];
  // One string per chunk and no regular expression: half a million entries take a second, not ten.
  const take = (entry: string): void => {
    // `<mode> SP <type> SP <object> SP <size, padded> TAB <path>`
    const tab = entry.indexOf('\t');
    const mode = entry.slice(0, 6);
    tree.entries += 1;
    if (mode === '160000') {
      const id = entry.slice('160000 commit '.length, entry.indexOf(' ', '160000 commit '.length));
      tree.submodules.push({ path: pathOf(entry, tab), commit: id as CommitId });
      return;
    }
    const bytes = Number(entry.slice(entry.lastIndexOf(' ', tab) + 1, tab));
    tree.sizeBytes += bytes;
    if (entry.endsWith('.gitmodules') && entry.length === tab + 1 + '.gitmodules'.length) tree.hasGitmodules = true;
    if (entry.includes('.DS_Store', tab)) tree.hasDsStore = true;
    if (entry.endsWith('.gitattributes')) attributes.push(pathOf(entry, tab));
    if (mode !== '120000' && bytes >= pointerBytes.min && bytes < pointerBytes.max && small.length < maxSmall) {
      small.push(pathOf(entry, tab));
    }
  };

  let rest = '';
  const result = await git(['--git-dir', objects.gitDir, 'ls-tree', '-r', '-z', '--long', '--full-tree', commit], {
    env: gitEnvironment(objects.env),
    signal,
    onStdout(chunk) {
      const entries = (rest + chunk.toString('latin1')).split('\0');
      rest = entries.pop() ?? '';
      entries.forEach(take);
      return tree.entries <= limits.maxEntries;
    },
  });
  if (result.stopped === 'aborted') return { status: 'aborted' };
  if (tree.sizeBytes > limits.maxBytes || tree.entries > limits.maxEntries) return { status: 'too-large', ...tree };
  if (result.exitCode !== 0) {
    throw new Error(`git ls-tree exited with ${result.exitCode}: ${result.stderr.trim().slice(-2000)}`);
  }
  return { status: 'scanned', tree: { ...tree, attributes, small } };
}

/** Latin-1 keeps every byte. */
function pathOf(entry: string, tab: number): Buffer {
  return Buffer.from(entry.slice(tab + 1), 'latin1');
}
