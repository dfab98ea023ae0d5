import type { GroupLimits } from '../model/process-group.ts';
import { setting, settingIfThere, type GroupFolder } from './folder.ts';
import type { Controller } from './hierarchies.ts';

/** bubblewrap, the first process of its namespace and the child that builds it count, too, but are not the app's. */
const wrappers = 4;
const sharesOfOne = 256;
const weightOfOne = 100;

/** Source: Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst of the kernel. */
export async function limitGroup(
  { version, dir }: GroupFolder,
  controllers: readonly Controller[],
  limits: GroupLimits,
): Promise<void> {
  const { memoryBytes, cpuShare, processes } = limits;
  if (controllers.includes('memory')) {
    if (version === 1) {
      await setting(dir, 'memory.limit_in_bytes', memoryBytes);
      // Memory and swap together; not there when the machine counts no swap.
      await settingIfThere(dir, 'memory.memsw.limit_in_bytes', memoryBytes);
    } else {
      await setting(dir, 'memory.max', memoryBytes);
      await settingIfThere(dir, 'memory.swap.max', 0);
      await settingIfThere(dir, 'memory.oom.group', 1);
    }
  }
  if (controllers.includes('pids')) await setting(dir, 'pids.max', processes + wrappers);
  if (controllers.includes('cpu')) await setCpuShare({ version, dir }, cpuShare);
}

export async function setCpuShare({ version, dir }: GroupFolder, share: number): Promise<void> {
  if (version === 1) await setting(dir, 'cpu.shares', Math.max(2, Math.round(share * sharesOfOne)));
  else await setting(dir, 'cpu.weight', Math.min(10_000, Math.max(1, Math.round(share * weightOfOne))));
}
