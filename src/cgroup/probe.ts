import { mkdir, rmdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { spawn } from '../lib/spawn.ts';
import { removeFolder, setting, type GroupFolder } from './folder.ts';
import type { Controller, Hierarchy } from './hierarchies.ts';
import { limitGroup, setCpuShare } from './limit-group.ts';

/** Where our groups are made, for the controllers of one hierarchy. */
export interface Parent extends GroupFolder {
  readonly controllers: readonly Controller[];
}

const trialLimits = { memoryBytes: 64 * 1024 * 1024, cpuShare: 1, processes: 64 };

/**
 * Makes the group `name` that holds all others, and proves by a trial that a process can be put below it. Permissions say little
 * (a container's cgroups may be read-only, a delegated one is writable), so it is tried out. A text: why not.
 */
export async function probeParent(hierarchy: Hierarchy, name: string): Promise<Parent | string> {
  let evidence = '';
  for (const base of hierarchy.bases) {
    const parent = { version: hierarchy.version, dir: join(base, name), controllers: hierarchy.controllers };
    try {
      await openParent(parent, base);
      await tryOut(parent);
      return parent;
    } catch (error) {
      evidence ||= (error as Error).message;
      await rmdir(parent.dir).catch(() => undefined);
    }
  }
  return evidence;
}

async function openParent({ version, dir, controllers }: Parent, base: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  if (version === 2) {
    const wanted = controllers.map((controller) => `+${controller}`).join(' ');
    for (const level of [base, dir]) await setting(level, 'cgroup.subtree_control', wanted);
  }
  // On each processor all dynos and builds together weigh as much as one process of the platform: it always gets its turn.
  if (controllers.includes('cpu')) await setCpuShare({ version, dir }, 4 * availableParallelism());
}

async function tryOut({ version, dir, controllers }: Parent): Promise<void> {
  const trial = { version, dir: join(dir, `trial-${process.pid}`) };
  await mkdir(trial.dir, { recursive: true });
  try {
    await limitGroup(trial, controllers, trialLimits);
    const script = 'echo 0 > "$1" && cat /proc/self/cgroup';
    const args = ['-c', script, 'sh', join(trial.dir, 'cgroup.procs')];
    const env = { PATH: '/usr/bin:/bin' };
    const result = await spawn('/bin/sh', args, { env, timeoutMs: 10_000 });
    if (result.exitCode !== 0 || !result.stdout.toString().includes(`/trial-${process.pid}\n`))
      throw new Error(`a process could not join ${trial.dir}: ${result.stderr.trim()}`);
  } finally {
    await removeFolder(trial.dir);
  }
}
