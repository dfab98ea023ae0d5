/** What the processes of one dyno, or of one script of a build, may use together. */
export interface GroupLimits {
  /** Memory and swap; beyond it the kernel kills. */
  readonly memoryBytes: number;
  /** Part of the processors when they are contended; 1 is that of a Standard-1X dyno. */
  readonly cpuShare: number;
  /** Processes and threads. */
  readonly processes: number;
}

export interface MemoryUsage {
  readonly rssBytes: number;
  readonly cacheBytes: number;
  readonly swapBytes: number;
  /** Since the start. 0 where the kernel does not count them. */
  readonly pagesIn: number;
  readonly pagesOut: number;
}

/** Processes were killed because together they had used all the memory that they may use. */
export interface MemoryKill {
  readonly limitBytes: number;
  readonly usedBytes: number;
  /** Name of the killed process, as it calls itself; null: not known. */
  readonly process: string | null;
}

/** Ended because it had written more than it may keep on disk. */
export interface DiskKill {
  readonly limitBytes: number;
  readonly usedBytes: number;
}

export interface ProcessGroup {
  /** A process that writes `0` into each of these is in the group from then on, with all that it starts. */
  readonly joinFiles: readonly string[];
  /** Null where the kernel does not count for us: this is no group then, or one without memory. */
  memory(): Promise<MemoryUsage | null>;
  /** Processor time since its start; null where the kernel does not count for us. */
  cpuSeconds(): Promise<number | null>;
  /** Null as long as the kernel has killed nothing in it for memory. */
  memoryKill(): Promise<MemoryKill | null>;
  /** SIGKILL to whatever is still in it. A group that can't be removed now is removed at the next start of the platform. */
  remove(): Promise<void>;
}

/** Where the kernel keeps processes to their limits. */
export interface ProcessGroups {
  make(name: string, limits: GroupLimits): Promise<ProcessGroup>;
  /** One that was made before, by whatever platform process; it may be gone. */
  find(name: string): ProcessGroup;
  /** Kills and removes what a platform that was killed has left in our own groups, those in `keep` excepted. */
  sweep(keep: ReadonlySet<string>): Promise<void>;
}
