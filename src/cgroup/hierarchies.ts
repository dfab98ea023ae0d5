import { dirname, join } from 'node:path';
import { readIfThere } from '../lib/read-if-there.ts';

export const controllers = ['memory', 'pids', 'cpu'] as const;
export type Controller = (typeof controllers)[number];

/** A tree of groups and those of its controllers that we use. On a hybrid machine some are of version 1, some of version 2. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly controllers: readonly Controller[];
  /** Where our groups could be made, best first: the root, the group of this process (where a service manager delegates it), and the one above that. */
  readonly bases: readonly string[];
}

/** What the kernel says of this process. */
export interface CgroupTexts {
  /** `/proc/self/cgroup` */
  readonly own: string;
  /** `/proc/self/mountinfo` */
  readonly mounts: string;
  /** `cgroup.controllers` of what is mounted there; version 2 only. */
  controllersAt(point: string): string;
}

/** What is mounted, whether we may write there or not. Source: cgroups(7), proc_pid_mountinfo(5) */
export function listHierarchies(): readonly Hierarchy[] {
  return parseHierarchies({
    own: readIfThere('/proc/self/cgroup') ?? '',
    mounts: readIfThere('/proc/self/mountinfo') ?? '',
    controllersAt: (point) => readIfThere(join(point, 'cgroup.controllers')) ?? '',
  });
}

export function parseHierarchies(texts: CgroupTexts): readonly Hierarchy[] {
  const own = linesOf(texts.own).map((line) => {
    const [, names = '', ...path] = line.split(':');
    return { names: names.split(','), path: path.join(':') };
  });
  const taken = new Set<Controller>();
  return mountsIn(texts.mounts).flatMap(({ root, point, type, options }) => {
    const isSecond = type === 'cgroup2';
    const offered = isSecond ? texts.controllersAt(point).trim().split(' ') : options;
    const ours = controllers.filter((controller) => offered.includes(controller) && !taken.has(controller));
    if (ours.length === 0) return [];
    ours.forEach((controller) => taken.add(controller));
    const mine = own.find(({ names }) => (isSecond ? names[0] === '' : names.includes(ours[0] ?? '')));
    const path = mine?.path ?? '';
    const isBelow = path === root || path.startsWith(root === '/' ? root : `${root}/`);
    const inside = isBelow ? path.slice(root === '/' ? 0 : root.length) : '';
    const group = join(point, inside);
    // A group of version 2 that holds processes can't limit others below it, but the one above may be ours, too.
    const above = isSecond && inside.length > 1 ? [dirname(group)] : [];
    const bases = [...new Set([point, group, ...above].map(withoutSlash))];
    return [{ version: isSecond ? 2 : 1, controllers: ours, bases } as const];
  });
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}

interface CgroupMount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function mountsIn(text: string): readonly CgroupMount[] {
  return linesOf(text).flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '/', point = ''] = left.split(' ');
    const [type = '', , options = ''] = right.split(' ');
    return type.startsWith('cgroup') ? [{ root, point, type, options: options.split(',') }] : [];
  });
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
