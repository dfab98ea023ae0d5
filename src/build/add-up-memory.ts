import { treeUsage } from '../dyno/index.ts';
import type { MemoryKill } from '../model/process-group.ts';
import type { RunInSandbox } from '../supervisor/index.ts';

const lookEveryMs = 500;

/**
 * Where the kernel does not limit memory: adds up what all processes of a script use, and kills the script above the limit. A very
 * fast one can have more for a moment.
 */
export function addUpMemory(run: RunInSandbox, limitBytes: number): RunInSandbox {
  return async (sandbox, command, options) => {
    const over = new AbortController();
    const found: { kill: MemoryKill | null } = { kill: null };
    let timer: NodeJS.Timeout | undefined;
    const onStart = (supervisor: number): void => {
      timer = setInterval(() => {
        const { rssBytes, swapBytes, largest } = treeUsage(supervisor);
        const usedBytes = rssBytes + swapBytes;
        if (usedBytes <= limitBytes) return;
        found.kill ??= { limitBytes, usedBytes, process: largest?.name ?? null };
        over.abort();
      }, lookEveryMs);
    };
    const signal = options.signal === undefined ? over.signal : AbortSignal.any([options.signal, over.signal]);
    try {
      const result = await run(sandbox, command, { ...options, signal, onStart });
      if (found.kill === null) return result;
      return { exitCode: result.exitCode, endedBy: 'exit', memoryKill: found.kill };
    } finally {
      clearInterval(timer);
    }
  };
}
