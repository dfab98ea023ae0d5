import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reservedBytes } from '../disk/index.ts';
import { freeSpace } from '../lib/free-space.ts';
import type { App } from '../model/app.ts';
import { buildLogOf } from '../model/log.ts';
import type { Pressure } from './disk-tools.ts';
import type { Platform } from './platform.ts';

/** Bytes on disk of one app. */
export interface AppDisk {
  readonly app: App;
  readonly repository: number;
  /** A slug that several apps have counts for each of them. */
  readonly slugs: number;
  readonly slugCount: number;
  readonly unpacked: number;
  readonly cache: number;
  readonly logs: number;
  readonly streams: number;
  /** What its dynos have written. */
  readonly dynos: number;
  readonly total: number;
}

/** Who uses what of the data folder's disk; all in bytes. */
export interface DiskReport {
  readonly disk: { readonly total: number; readonly free: number; readonly freeInodes: number | null };
  readonly quota: number;
  readonly used: number;
  readonly reserve: number;
  readonly platform: {
    readonly database: number;
    readonly sources: number;
    readonly builds: number;
    readonly dynos: number;
    readonly ballast: number;
  };
  readonly apps: readonly AppDisk[];
}

export async function reportDisk(platform: Platform): Promise<DiskReport> {
  const { root, limits } = platform.disk;
  const [pressure, space, apps, database, ballast] = await Promise.all([
    platform.disk.measure(),
    freeSpace(root),
    platform.store.apps.list(),
    sizesOf(root, ['platform.sqlite', 'platform.sqlite-wal', 'platform.sqlite-shm']),
    sizesOf(root, ['ballast']),
  ]);
  const { totals } = pressure.usage;
  const reports = await Promise.all(apps.map((app) => reportApp(app, pressure, platform)));
  return {
    disk: {
      total: space.totalBytes,
      free: space.freeBytes,
      freeInodes: Number.isFinite(space.freeInodes) ? space.freeInodes : null,
    },
    quota: pressure.quotaBytes,
    used: pressure.usedBytes,
    reserve: reservedBytes(limits, space.totalBytes),
    platform: { database, sources: totals.sources, builds: totals.builds, dynos: totals.dynos, ballast },
    apps: reports.toSorted((a, b) => b.total - a.total),
  };
}

async function reportApp(app: App, { usage }: Pressure, platform: Platform): Promise<AppDisk> {
  const { parts, unpacked } = usage;
  const shas = await platform.store.slugs.listShas(app.id);
  const stored = shas.filter((sha) => parts.slugs.has(`${sha}.tgz`));
  const sizes = stored.map((sha) => (parts.slugs.get(`${sha}.tgz`) ?? 0) + (parts.slugs.get(`${sha}.members`) ?? 0));
  const trees = [...unpacked].filter(([name]) => name.endsWith(`-${app.uid}`)).map(([, size]) => size);
  const running = platform.runtime
    .metered()
    .filter(({ spec }) => spec.appId === app.id)
    .map(({ spec }) => spec.id);
  const one = {
    repository: parts.repos.get(`${app.id}.git`) ?? 0,
    slugs: sum(sizes),
    unpacked: sum(trees),
    cache: parts.cache.get(app.id) ?? 0,
    logs: (parts.logs.get(app.id) ?? 0) + (parts.logs.get(buildLogOf(app.id)) ?? 0),
    streams: parts.streams.get(app.id) ?? 0,
    dynos: sum(running.map((id) => parts.dynos.get(id) ?? 0)),
  };
  return { app, ...one, slugCount: stored.length, total: sum(Object.values(one)) };
}

async function sizesOf(root: string, names: readonly string[]): Promise<number> {
  const found = await Promise.all(names.map((name) => stat(join(root, name)).catch(() => null)));
  return sum(found.map((stats) => (stats?.blocks ?? 0) * 512));
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
