import { readlinkSync } from 'node:fs';
import { identify } from '../lib/process-identity.ts';
import { readdirIfThere, readIfThere } from '../lib/read-if-there.ts';

/** Every process below `root`, without itself. Some that come or go meanwhile may be missed. */
export function descendantsOf(root: number): readonly number[] {
  const found: number[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const children = childrenOf(pid);
    found.push(...children);
    waiting.push(...children);
  }
  return found;
}

/**
 * A process of the app below `root`, behind all of the sandbox's walls, by which they can be entered. Not the first one in
 * there, which lets nobody look into it. Null: there are no walls, or nothing is left behind them.
 */
export function processInside(root: number): number | null {
  const isInside = (pid: number): boolean =>
    /^NSpid:\t\d+\t(?!1$)\d+$/m.test(readIfThere(`/proc/${pid}/status`) ?? '') && mayEnter(pid);
  return descendantsOf(root).find(isInside) ?? null;
}

/** False for a zombie, or one that has made itself invisible. */
function mayEnter(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) !== '';
  } catch {
    return false;
  }
}

function childrenOf(pid: number): readonly number[] {
  const children: number[] = [];
  for (const task of readdirIfThere(`/proc/${pid}/task`)) {
    const text = readIfThere(`/proc/${pid}/task/${task}/children`);
    if (text === null) continue; // gone
    children.push(...text.split(' ').filter(Boolean).map(Number));
  }
  return children;
}

/** Set by the supervisor on all that it starts (supervisor.c), and inherited. */
const dynoOomScore = '500';

/**
 * What a lost supervisor may leave behind where there is no pid namespace: processes that were started by one and stand
 * in `dir` or have it in their environment (as `HOME`). An operator's shell there is not meant.
 */
export function strayProcesses(dir: string): readonly number[] {
  return readdirIfThere('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readIfThere(`/proc/${pid}/oom_score_adj`)?.trim() === dynoOomScore)
    .filter(
      (pid) => leadsInto(`/proc/${pid}/cwd`, dir) || readIfThere(`/proc/${pid}/environ`)?.includes(`${dir}/`) === true,
    )
    .filter((pid) => identify(pid) !== null);
}

function leadsInto(link: string, dir: string): boolean {
  try {
    return `${readlinkSync(link)}/`.startsWith(`${dir}/`);
  } catch {
    return false; // gone, or not ours to look at
  }
}
