import { basename, dirname, join } from 'node:path';
import type { MemoryKill, MemoryUsage, ProcessGroup } from '../model/process-group.ts';
import { numbersOf, readIfThere, removeFolder, type GroupFolder } from './folder.ts';
import { killedProcess } from './kernel-log.ts';

/** `memory`: the one of `folders` that counts memory. */
export class Cgroup implements ProcessGroup {
  readonly joinFiles: readonly string[];
  readonly #folders: readonly GroupFolder[];
  readonly #memory: GroupFolder | null;

  constructor(folders: readonly GroupFolder[], memory: GroupFolder | null) {
    this.#folders = folders;
    this.#memory = memory;
    this.joinFiles = folders.map(({ dir }) => join(dir, 'cgroup.procs'));
  }

  async memory(): Promise<MemoryUsage | null> {
    if (this.#memory === null) return null;
    const { version, dir } = this.#memory;
    const text = await readIfThere(dir, 'memory.stat');
    if (text === '') return null;
    const stat = numbersOf(text);
    const of = (name: string): number => stat.get(name) ?? 0;
    if (version === 1) {
      return {
        rssBytes: of('total_rss'),
        cacheBytes: of('total_cache'),
        swapBytes: of('total_swap'),
        pagesIn: of('total_pgpgin'),
        pagesOut: of('total_pgpgout'),
      };
    }
    const swapBytes = Number(await readIfThere(dir, 'memory.swap.current'));
    return { rssBytes: of('anon'), cacheBytes: of('file'), swapBytes, pagesIn: of('pgfault'), pagesOut: 0 };
  }

  async cpuSeconds(): Promise<number | null> {
    for (const { version, dir } of this.#folders) {
      const text = await readIfThere(dir, version === 1 ? 'cpuacct.usage' : 'cpu.stat');
      if (text === '') continue;
      if (version === 1) return Number(text) / 1e9;
      const micros = numbersOf(text).get('usage_usec');
      if (micros !== undefined) return micros / 1e6;
    }
    return null;
  }

  async memoryKill(): Promise<MemoryKill | null> {
    if (this.#memory === null) return null;
    const { version, dir } = this.#memory;
    const events = numbersOf(await readIfThere(dir, version === 1 ? 'memory.oom_control' : 'memory.events'));
    if ((events.get('oom_kill') ?? 0) === 0) return null;
    const [limit, peak] =
      version === 1 ? ['memory.limit_in_bytes', 'memory.max_usage_in_bytes'] : ['memory.max', 'memory.peak'];
    const limitBytes = Number(await readIfThere(dir, limit));
    const path = `/${basename(dirname(dir))}/${basename(dir)}`;
    // An older kernel has no peak of version 2; at the limit it was in any case.
    const usedBytes = Number(await readIfThere(dir, peak)) || limitBytes;
    return { limitBytes, usedBytes, process: killedProcess(path) };
  }

  async remove(): Promise<void> {
    await Promise.all(this.#folders.map(({ dir }) => removeFolder(dir)));
  }
}
