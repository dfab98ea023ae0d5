import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformRig } from '../platform-rig.ts';
import { processes, type Process } from '../remains.ts';

export function routerPid(rig: PlatformRig): number {
  const isIt = (one: Process): boolean => one.command.includes('router-process.js') && one.cwd.startsWith(rig.dataDir);
  const found = processes().find(isIt);
  if (found === undefined) throw new Error('there is no router');
  return found.pid;
}

/** Null: this dyno has none, yet or any more. */
export function supervisorPid(rig: PlatformRig, dynoId: string): number | null {
  try {
    const text = readFileSync(join(rig.dataDir, 'dynos', dynoId, 'dyno.json'), 'utf8');
    return (JSON.parse(text) as { supervisor: { pid: number } }).supervisor.pid;
  } catch {
    return null;
  }
}

/** The child of the platform that has a process with `marker` in its arguments below it. */
export function buildRoot(rig: PlatformRig, marker: string): number | null {
  const all = new Map(processes().map((one) => [one.pid, one]));
  let one = [...all.values()].find(({ command, parent }) => command === marker && parent !== rig.pid);
  while (one !== undefined && one.parent !== rig.pid) one = all.get(one.parent);
  return one?.pid ?? null;
}
