import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const controllers = ['memory', 'pids', 'cpu'] as const;
export type Controller = (typeof controllers)[number];

/** A tree of groups and those of its controllers that we use. On a hybrid machine some are of version 1, some of version 2. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly controllers: readonly Controller[];
  /** Where our groups could be made, best first: the root, and the group of this process (where a service manager delegates it). */
  readonly bases: readonly string[];
}

/** What is mounted, whether we may write there or not. Source: cgroups(7), proc_pid_mountinfo(5) */
export function listHierarchies(): readonly Hierarchy[] {
  const own = readLines('/proc/self/cgroup').map((line) => {
    const [, names = '', ...path] = line.split(':');
    return { names: names.split(','), path: path.join(':') };
  });
  const taken = new Set<Controller>();
  return mounts().flatMap(({ root, point, type, options }) => {
    const isSecond = type === 'cgroup2';
    const offered = isSecond ? (readLines(join(point, 'cgroup.controllers'))[0] ?? '').split(' ') : options;
    const ours = controllers.filter((controller) => offered.includes(controller) && !taken.has(controller));
    if (ours.length === 0) return [];
    ours.forEach((controller) => taken.add(controller));
    const mine = own.find(({ names }) => (isSecond ? names[0] === '' : names.includes(ours[0] ?? '')));
    const inside = mine?.path.startsWith(root) === true ? mine.path.slice(root === '/' ? 0 : root.length) : '';
    const bases = [...new Set([point, join(point, inside)])];
    return [{ version: isSecond ? 2 : 1, controllers: ours, bases } as const];
  });
}

interface CgroupMount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function mounts(): readonly CgroupMount[] {
  return readLines('/proc/self/mountinfo').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '/', point = ''] = left.split(' ');
    const [type = '', , options = ''] = right.split(' ');
    return type.startsWith('cgroup') ? [{ root, point, type, options: options.split(',') }] : [];
  });
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return []; // not on this kernel
  }
}
