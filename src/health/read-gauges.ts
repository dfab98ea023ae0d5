import { freeSpace } from '../disk/index.ts';
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
    freeSpace(dataDir).catch(() => null),
  ]);
  const dynos = apps.flatMap((app) =>
    formation.list(app.id).map(({ type, state }) => ({ app: app.name, type, state })),
  );
  return { apps: apps.length, dynos, pendingBuilds: builds.length, pendingReleases: releases.length, disk };
}
