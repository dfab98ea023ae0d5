import { randomUUID } from 'node:crypto';
import { totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { FolderWatch } from '../lib/folder-watch.ts';
import type { DiskKill, GroupLimits, ProcessGroups } from '../model/process-group.ts';
import { addUpMemory } from './add-up-memory.ts';
import type { RunInSandbox, RunOptions, RunResult } from '../supervisor/index.ts';

/** As a shared dyno has it, with more room for compilers that run side by side. */
const cpuShare = 2;
const processes = 2048;
/** An artifact of a build is rarely larger; a runaway one ends in an error before it fills the disk. */
const maxFileBytes = 16 * 1024 ** 3;

export interface BuildLimits {
  /** Of each script. Three quarters of the machine's are the most that it gets. */
  readonly memoryBytes: number;
  /** Of all files of one build, which lie in a folder of `workDir`; a script that is there when they are more is killed. */
  readonly diskBytes: number;
  readonly workDir: string;
  /** Where the file is written that scripts read as their memory limit. */
  readonly dir: string;
}

/** `tmpDir` lies in the folder of the build. The watch is on while a script runs. */
async function watchDisk(
  folders: FolderWatch,
  { workDir, diskBytes }: BuildLimits,
  tmpDir: string,
  options: RunOptions,
  run: (options: RunOptions) => Promise<RunResult>,
): Promise<{ readonly result: RunResult; readonly diskKill: DiskKill | null }> {
  const [folder = ''] = relative(workDir, tmpDir).split('/');
  const over = new AbortController();
  const found: { kill: DiskKill | null } = { kill: null };
  const unwatch = folders.watch(folder, {
    limitBytes: diskBytes,
    onOver: (usedBytes) => {
      found.kill = { limitBytes: diskBytes, usedBytes };
      over.abort();
    },
  });
  const signal = options.signal === undefined ? over.signal : AbortSignal.any([options.signal, over.signal]);
  try {
    return { result: await run({ ...options, signal }), diskKill: found.kill };
  } finally {
    unwatch();
  }
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
  const folders = new FolderWatch(limits.workDir);
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
      const { result, diskKill } = await watchDisk(folders, limits, command.tmpDir, options, (watchedOptions) =>
        (isCounted ? run : watched)(sandbox, limited, watchedOptions),
      );
      if (diskKill !== null) return { exitCode: result.exitCode, endedBy: 'exit', diskKill };
      const memoryKill = await group.memoryKill();
      return memoryKill === null ? result : { ...result, memoryKill };
    } finally {
      await group.remove();
    }
  };
}
