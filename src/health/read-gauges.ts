import { freeSpace } from '../lib/free-space.ts';
import type { Platform } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { DynoName } from '../model/ids.ts';
import type { DynoReading, Gauges, Metrics } from '../metrics/index.ts';

/** What is asked of the router process. */
export interface RouterReadings {
  readonly isTold: boolean;
  readMetrics(): Promise<Parameters<Metrics['write']>[1]>;
}

export async function readGauges(platform: Platform, dataDir: string): Promise<Gauges> {
  const { store, formation } = platform;
  const [apps, builds, releases, disk] = await Promise.all([
    store.apps.list(),
    store.builds.listPending(),
    store.releases.listPending(),
    freeSpace(dataDir).catch(() => null),
  ]);
  const dynos = apps.flatMap((app) =>
    formation.list(app.id).map(({ type, state }) => ({ app: app.name, type, state })),
  );
  const usages = await readUsages(apps, platform);
  const [pendingBuilds, waitingBuilds] = [builds.length, platform.buildSlots.waiting];
  return { apps: apps.length, dynos, usages, pendingBuilds, waitingBuilds, pendingReleases: releases.length, disk };
}

async function readUsages(apps: readonly App[], { runtime }: Platform): Promise<readonly DynoReading[]> {
  const names = new Map(apps.map(({ id, name }) => [id, name]));
  const readings = await Promise.all(
    runtime.metered().map(async (dyno) => ({ spec: dyno.spec, used: await dyno.usage().catch(() => null) })),
  );
  return readings.flatMap(({ spec: { appId, type, name }, used }) => {
    const app = names.get(appId);
    if (app === undefined || used === null) return [];
    const memoryBytes = used.rssBytes + used.swapBytes;
    return [{ app, type, dyno: lastingName(name), memoryBytes, cpuSeconds: used.cpuSeconds }];
  });
}

/** One-off dynos and release commands have a number of their own each (`run.4711`): they go by their type, or the series would never end. */
function lastingName(name: DynoName): string {
  return name.replace(/\.\d{4,}$/, '');
}
