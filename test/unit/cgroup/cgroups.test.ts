import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { openCgroups, type Cgroups } from '../../../src/cgroup/index.ts';
import { spawn, startProcess } from '../../../src/lib/spawn.ts';
import type { ProcessGroup } from '../../../src/model/process-group.ts';

const mebibyte = 1024 * 1024;
const limits = { memoryBytes: 96 * mebibyte, cpuShare: 1, processes: 20 };

it('keeps what joins a group to its memory, says who was killed at how much of what, and counts the rest', async () => {
  await using rig = await openRig();
  if (rig === null) return;
  const group = await rig.groups.make('hog', limits);
  expect(await group.memoryKill()).toBeNull();

  const hog = await inGroup(group, `python3 -c 'b = bytearray(300 * 1024 * 1024)'`);
  const modest = await inGroup(group, `python3 -c 'b = bytearray(8 * 1024 * 1024)'; echo fine`);

  expect(hog.exitCode).toBe(137);
  expect(modest.stdout.toString()).toBe('fine\n');
  const kill = await group.memoryKill();
  expect(kill?.limitBytes).toBe(limits.memoryBytes);
  expect(kill?.usedBytes).toBeGreaterThan(0.9 * limits.memoryBytes);
  // Not everybody may read the kernel's log.
  expect([null, 'python3']).toContain(kill?.process);
  expect((await group.memory())?.rssBytes).toBeLessThan(limits.memoryBytes);
  await group.remove();
  expect(await group.memory()).toBeNull();
});

it('contains a fork bomb, and removes a group with all that runs in it', async () => {
  await using rig = await openRig('pids');
  if (rig === null) return;
  const group = await rig.groups.make('bomb', limits);

  const bomb = await inGroup(group, 'for i in $(seq 100); do sleep 60 > /dev/null 2>&1 & done 2>&1; wait -n', 5_000);

  expect(bomb.stdout.toString()).toMatch(/fork|Resource/);
  await group.remove();
  const left = await spawn('/bin/sh', ['-c', `cat ${group.joinFiles.join(' ')} 2>/dev/null | wc -l`], { env });
  expect(left.stdout.toString().trim()).toBe('0');
});

it('sweeps what a killed platform has left, but nothing that is to be kept, and nothing of another platform', async () => {
  await using rig = await openRig();
  await using other = await openRig();
  if (rig === null || other === null) return;
  const [lost, kept] = [await rig.groups.make('lost', limits), await rig.groups.make('kept', limits)];
  const foreign = await other.groups.make('lost', limits);
  const sleeper = startProcess('/bin/sh', ['-c', join_(lost, 'exec sleep 60')], { env, stdio: 'ignore' });
  const ended = new Promise((resolve) =>
    sleeper.once('exit', (_code, signal) => {
      resolve(signal);
    }),
  );
  await inGroup(kept, 'true');

  const again = await openCgroups(rig.dir);
  while (sleeper.exitCode === null && (await lost.memory())?.rssBytes === 0) await inGroup(kept, 'sleep 0.02');
  await again.sweep(new Set(['kept']));

  expect(await ended).toBe('SIGKILL');
  expect(await lost.memory()).toBeNull();
  expect(await kept.memory()).not.toBeNull();
  expect(await foreign.memory()).not.toBeNull();
});

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };

function join_({ joinFiles }: ProcessGroup, script: string): string {
  return `${joinFiles.map((file) => `echo 0 > ${file}`).join('\n')}\n${script}`;
}

function inGroup(group: ProcessGroup, script: string, timeoutMs = 30_000): ReturnType<typeof spawn> {
  return spawn('/bin/bash', ['-c', join_(group, script)], { env, timeoutMs });
}

interface Rig extends AsyncDisposable {
  readonly dir: string;
  readonly groups: Cgroups;
}

/** Null, after saying so, where this user can make no groups with this controller. */
async function openRig(controller: 'memory' | 'pids' = 'memory'): Promise<Rig | null> {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-cgroup-'));
  const groups = await openCgroups(dir);
  const close = async (): Promise<void> => {
    await groups.sweep(new Set());
    await groups[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  };
  if (groups.controllers.has(controller)) return { dir, groups, [Symbol.asyncDispose]: close };
  process.stderr.write(`skipped: ${groups.description}\n`);
  await close();
  return null;
}
