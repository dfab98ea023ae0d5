import { run } from '../lib/spawn.ts';

export interface TidiedTree {
  /** Sum of the sizes of all files. */
  readonly sizeBytes: number;
  /** Sockets, FIFOs and devices that were removed, because a slug can't hold them: paths below the tree. */
  readonly removed: readonly string[];
}

const timeoutMs = 300_000;

/**
 * Makes a built tree into what its slug will unpack to: no sockets, FIFOs and devices, no set-uid, set-gid and sticky bits,
 * nothing that its owner can't read. Never follows a symbolic link. One process for the whole tree: 6,000 files take
 * 30 ms, while as many calls of `lstat` from here take 300.
 */
export async function tidyTree(dir: string, signal: AbortSignal): Promise<TidiedTree> {
  const special = ['(', '-type', 'p', '-o', '-type', 's', '-o', '-type', 'b', '-o', '-type', 'c', ')'];
  const steps = [
    ['!', '-type', 'l', '-perm', '/7000', '-exec', 'chmod', 'u-s,g-s,-t', '--', '{}', '+'],
    // `find` handles a folder before it enters it, so a folder that was closed is open by then.
    ['-type', 'd', '!', '-perm', '-u=rwx', '-exec', 'chmod', 'u+rwx', '--', '{}', ';'],
    ['-type', 'f', '!', '-perm', '-u=r', '-exec', 'chmod', 'u+r', '--', '{}', '+'],
    [...special, '-printf', 'removed %P\\0'],
    ['-type', 'f', '-printf', '%s\\0'],
  ];
  const expression = steps.flatMap((step, index) => (index === 0 ? step : [',', ...step]));
  const options = { cwd: dir, env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' }, signal, timeoutMs };
  const found = await run('find', ['.', ...expression], options);

  const words = found.toString('utf8').split('\0').slice(0, -1);
  const removed = words.filter((word) => word.startsWith('removed ')).map((word) => word.slice('removed '.length));
  // A run of its own, because -delete makes `find` enter folders first.
  if (removed.length > 0) await run('find', ['.', ...special, '-delete'], options);
  const sizeBytes = words.reduce((sum, word) => (word.startsWith('removed ') ? sum : sum + Number(word)), 0);
  return { sizeBytes, removed };
}
