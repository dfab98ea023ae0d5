import { readdirIfThere, readIfThere } from '../lib/read-if-there.ts';
import type { DynoUsage } from '../model/dyno.ts';
import type { ProcessGroup } from '../model/process-group.ts';
import { descendantsOf } from './process-tree.ts';

const pageBytes = 4096;
const kibibyte = 1024;
/** USER_HZ: what /proc counts in, on every machine. */
const ticksPerSecond = 100;

/** What a dyno uses; what its group can't tell is added up. */
export async function dynoUsage(group: ProcessGroup, supervisor: number): Promise<DynoUsage> {
  const [memory, cpuSeconds] = await Promise.all([group.memory(), group.cpuSeconds()]);
  if (memory === null) return treeUsage(supervisor);
  const counted = { runnable: runnableBelow(supervisor), cpuSeconds: cpuSeconds ?? cpuSecondsBelow(supervisor) };
  return { ...memory, ...counted };
}

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
  const counted = { runnable: runnableOf(pids), cpuSeconds: cpuSecondsOf(pids) };
  return { rssBytes, cacheBytes: 0, swapBytes, pagesIn: 0, pagesOut: 0, ...counted, largest };
}

function runnableBelow(root: number): number {
  return runnableOf(descendantsOf(root));
}

/** Of what runs below `root`, and of what it has waited for. */
function cpuSecondsBelow(root: number): number {
  return cpuSecondsOf(descendantsOf(root));
}

/** Fields 14 to 17. Source: proc_pid_stat(5) */
function cpuSecondsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readIfThere(`/proc/${pid}/stat`) ?? '';
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks / ticksPerSecond;
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
