import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { degraded, missing, ok, type Finding } from './finding.ts';

const name = 'cgroups';
const controllers = ['memory', 'cpu', 'pids'] as const;
const lost =
  'the kernel could not keep a dyno to its size (the platform does not ask it to yet: a dyno may use all memory and processors)';

/** Whether this process may make groups in which the kernel limits dynos. Source: cgroups(7) */
export function checkCgroups(): Finding {
  const groups = ownGroups();
  const found = controllers.flatMap((controller) => {
    const group = groups.get(controller);
    return group === undefined ? [] : [{ controller, ...group }];
  });
  if (found.length === 0) {
    const evidence = 'no memory, cpu or pids controller is mounted';
    return missing(name, { evidence, lost, remedy: 'Mount cgroup2 at /sys/fs/cgroup, as systemd does.' }, false);
  }
  const absent = controllers.filter((controller) => !groups.has(controller));
  const closed = found.filter(({ dir }) => !isWritable(dir));
  const versions = [...new Set(found.map(({ version }) => version))].join(' and ');
  const evidence = `version ${versions} with ${found.map(({ controller }) => controller).join(', ')}`;
  if (absent.length === 0 && closed.length === 0)
    return ok(name, `${evidence}, where this user can make groups`, false);
  const faults = [
    ...(absent.length === 0 ? [] : [`without ${absent.join(', ')}`]),
    ...(closed.length === 0 ? [] : [`this user can't make groups in ${closed[0]?.dir ?? ''}`]),
  ];
  const remedy = 'Run the platform as root, or as a systemd service with Delegate=yes.';
  return degraded(name, { evidence: `${evidence}, but ${faults.join(', and ')}`, lost, remedy });
}

interface Group {
  readonly version: 1 | 2;
  readonly dir: string;
}

/** The group of this process, by controller. On a hybrid machine some controllers are of version 1, some of version 2. */
function ownGroups(): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  const paths = readLines('/proc/self/cgroup').map((line) => {
    const [, names = '', ...path] = line.split(':');
    return { names: names.split(','), path: path.join(':') };
  });
  for (const { root, point, type, options } of mounts()) {
    const isSecond = type === 'cgroup2';
    const own = paths.find(({ names }) =>
      isSecond ? names[0] === '' : names[0] !== '' && names.every((one) => options.includes(one)),
    );
    if (own === undefined) continue;
    const dir = join(point, own.path.startsWith(root) ? own.path.slice(root.length) : own.path);
    const offered = isSecond ? (readLines(join(dir, 'cgroup.controllers'))[0] ?? '').split(' ') : own.names;
    for (const controller of offered) {
      if (!groups.has(controller)) groups.set(controller, { version: isSecond ? 2 : 1, dir });
    }
  }
  return groups;
}

/** Source: proc_pid_mountinfo(5) */
function mounts(): readonly { root: string; point: string; type: string; options: readonly string[] }[] {
  return readLines('/proc/self/mountinfo').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '/', point = ''] = left.split(' ');
    const [type = '', , options = ''] = right.split(' ');
    return type.startsWith('cgroup') ? [{ root, point, type, options: options.split(',') }] : [];
  });
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
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
