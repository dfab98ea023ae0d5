import { randomUUID } from 'node:crypto';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import type { GroupLimits, ProcessGroups } from '../model/process-group.ts';
import { addUpMemory } from './add-up-memory.ts';
import type { RunInSandbox } from '../supervisor/index.ts';

/** As a shared dyno has it, with more room for compilers that run side by side. */
const cpuShare = 2;
const processes = 2048;
/** An artifact of a build is rarely larger; a runaway one ends in an error before it fills the disk. */
const maxFileBytes = 16 * 1024 ** 3;

export interface BuildLimits {
  /** Of each script. Three quarters of the machine's are the most that it gets. */
  readonly memoryBytes: number;
  /** Where the file is written that scripts read as their memory limit. */
  readonly dir: string;
}

/** Runs every script in a group of its own, so that a build takes neither the machine's memory nor its processes. */
export async function limitScripts(
  run: RunInSandbox,
  groups: ProcessGroups,
  limits: BuildLimits,
): Promise<RunInSandbox> {
  const memoryBytes = Math.min(limits.memoryBytes, Math.floor(totalmem() * 0.75));
  const memoryLimitFile = join(limits.dir, 'build-memory.limit_in_bytes');
  await writeFileAtomic(memoryLimitFile, `${memoryBytes}\n`, 0o644);
  const own: GroupLimits = { memoryBytes, cpuShare, processes };
  const mount = {
    source: memoryLimitFile,
    target: '/sys/fs/cgroup/memory/memory.limit_in_bytes',
    writable: false,
  };
  const watched = addUpMemory(run, memoryBytes);
  return async (sandbox, command, options) => {
    const group = await groups.make(`build-${randomUUID()}`, own);
    try {
      const limited = {
        ...command,
        groups: group.joinFiles,
        limits: { ...command.limits, fileBytes: maxFileBytes },
        mounts: [...command.mounts, mount],
      };
      const isCounted = (await group.memory()) !== null;
      const result = await (isCounted ? run : watched)(sandbox, limited, options);
      const memoryKill = await group.memoryKill();
      return memoryKill === null ? result : { ...result, memoryKill };
    } finally {
      await group.remove();
    }
  };
}
