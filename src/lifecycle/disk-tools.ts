import type { BuildCaches } from '../build/index.ts';
import type { FetchedBuildpacks } from '../buildpack/index.ts';
import type { DiskLimits } from '../config/index.ts';
import type { Ballast, CollectionGate, DiskPaths, DiskUsage, SpaceLedger } from '../disk/index.ts';
import type { Logger } from '../log.ts';
import type { OutputStreams } from '../output-stream/index.ts';
import type { Repos } from '../repo/index.ts';
import type { SlugStore } from '../slug/index.ts';
import type { SourceStore } from '../source/index.ts';
import type { Store } from '../store/index.ts';
import type { SlugCollector } from './slug-collector.ts';

export interface DiskTools {
  readonly store: Store;
  readonly slugs: SlugStore;
  readonly slugCollector: SlugCollector;
  readonly caches: BuildCaches;
  readonly fetchedBuildpacks: FetchedBuildpacks;
  readonly repos: Repos;
  readonly streams: OutputStreams;
  readonly sources: SourceStore;
  readonly gate: CollectionGate;
  readonly ledger: SpaceLedger;
  readonly ballast: Ballast;
  readonly paths: DiskPaths;
  /** The data folder. */
  readonly root: string;
  readonly limits: DiskLimits;
  readonly inBackground: (what: string, work: Promise<unknown>) => void;
  readonly log: Logger;
  readonly closing: AbortSignal;
}

/** The build would pass the quota, which nothing that may be removed makes room for. */
export interface QuotaShortage {
  readonly status: 'short';
  readonly of: 'quota';
  readonly used: number;
  readonly quota: number;
}

export interface Pressure {
  readonly usage: DiskUsage;
  /** Of all that the quota counts. */
  readonly usedBytes: number;
  readonly quotaBytes: number;
  /** To be freed: of the quota, or of the disk's free space. 0: all is well. */
  readonly excessBytes: number;
}

export interface Collected {
  readonly freedBytes: number;
}
