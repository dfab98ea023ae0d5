import { statfs } from 'node:fs/promises';
import type { Platform } from '../lifecycle/index.ts';
import type { Gauges, Metrics } from '../metrics/index.ts';

/** What is asked of the router process. */
export interface RouterReadings {
  readonly isTold: boolean;
  readMetrics(): Promise<Parameters<Metrics['write']>[1]>;
}

export async function readGauges({ store, formation }: Platform, dataDir: string): Promise<Gauges> {
  const [apps, builds, releases, disk] = await Promise.all([
    store.apps.list(),
    store.builds.listPending(),
    store.releases.listPending(),
    readDisk(dataDir),
  ]);
  const dynos = apps.flatMap((app) =>
    formation.list(app.id).map(({ type, state }) => ({ app: app.name, type, state })),
  );
  return { apps: apps.length, dynos, pendingBuilds: builds.length, pendingReleases: releases.length, disk };
}

export async function readDisk(dir: string): Promise<NonNullable<Gauges['disk']> | null> {
  try {
    const { bavail, blocks, bsize, ffree } = await statfs(dir);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize, freeInodes: ffree };
  } catch {
    return null;
  }
}
