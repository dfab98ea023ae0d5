import type { DynoUsage } from '../model/dyno.ts';
import { descendantsOf, readdirIfThere, readIfThere } from './process-tree.ts';

const pageBytes = 4096;
const kibibyte = 1024;

/** The process below `root` that uses most; null: there is none. */
export interface Largest {
  readonly name: string;
  readonly rssBytes: number;
}

/**
 * What the processes below `root` use, as far as it can be told without a group: what they share is counted for each of them, and
 * what they have written to memory file systems for none.
 */
export function treeUsage(root: number): DynoUsage & { readonly largest: Largest | null } {
  let [rssBytes, swapBytes] = [0, 0];
  let largest: Largest | null = null;
  const pids = descendantsOf(root);
  for (const pid of pids) {
    const resident = Number((readIfThere(`/proc/${pid}/statm`) ?? '').split(' ')[1] ?? 0) * pageBytes;
    rssBytes += resident;
    if (largest === null || resident > largest.rssBytes) largest = { name: nameOf(pid), rssBytes: resident };
    swapBytes += swapOf(pid);
  }
  return { rssBytes, cacheBytes: 0, swapBytes, pagesIn: 0, pagesOut: 0, runnable: runnableOf(pids), largest };
}

export function runnableBelow(root: number): number {
  return runnableOf(descendantsOf(root));
}

function runnableOf(pids: readonly number[]): number {
  let count = 0;
  for (const pid of pids) {
    for (const task of readdirIfThere(`/proc/${pid}/task`)) {
      const stat = readIfThere(`/proc/${pid}/task/${task}/stat`) ?? '';
      if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('R')) count += 1;
    }
  }
  return count;
}

function swapOf(pid: number): number {
  const found = /^VmSwap:\s+(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/status`) ?? '');
  return Number(found?.[1] ?? 0) * kibibyte;
}

/** The app chose it: printable characters only. */
function nameOf(pid: number): string {
  return (readIfThere(`/proc/${pid}/comm`) ?? '').trim().replace(/[^\x20-\x7e]/g, '?');
}
