import { randomUUID } from 'node:crypto';
import type { GroupLimits, ProcessGroups } from '../model/process-group.ts';
import type { RunInSandbox } from '../supervisor/index.ts';

/** As a shared dyno has it, with more room for compilers that run side by side. */
const cpuShare = 2;
const processes = 2048;
/** An artifact of a build is rarely larger; a runaway one ends in an error before it fills the disk. */
const maxFileBytes = 16 * 1024 ** 3;

export interface BuildLimits {
  readonly memoryBytes: number;
  /** Host file that scripts read as their memory limit. */
  readonly memoryLimitFile: string;
}

/** Runs every script in a group of its own, so that a build takes neither the machine's memory nor its processes. */
export function limitScripts(run: RunInSandbox, groups: ProcessGroups, limits: BuildLimits): RunInSandbox {
  const own: GroupLimits = { memoryBytes: limits.memoryBytes, cpuShare, processes };
  const mount = {
    source: limits.memoryLimitFile,
    target: '/sys/fs/cgroup/memory/memory.limit_in_bytes',
    writable: false,
  };
  return async (sandbox, command, options) => {
    const group = await groups.make(`build-${randomUUID()}`, own);
    try {
      const limited = {
        ...command,
        groups: group.joinFiles,
        limits: { ...command.limits, fileBytes: maxFileBytes },
        mounts: [...command.mounts, mount],
      };
      const result = await run(sandbox, limited, options);
      const memoryKill = await group.memoryKill();
      return memoryKill === null ? result : { ...result, memoryKill };
    } finally {
      await group.remove();
    }
  };
}
