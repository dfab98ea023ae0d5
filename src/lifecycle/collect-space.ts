import type { AppId } from '../model/ids.ts';
import { inUseNow } from './slug-collector.ts';
import type { Collected, DiskTools, Pressure } from './disk-tools.ts';

/** Slugs are let go so many of one app at a time. */
const atOnce = 10;
const dayMs = 24 * 60 * 60_000;

/**
 * One collection, from what costs nothing to what costs most: leftovers, old output and sources; and while there is too much,
 * copies that only save time and fetched buildpacks, slugs beyond the newest releases, build caches (least recently used first), younger output.
 * Never a slug of the newest releases, the running one included, nor anything that a build or a dyno holds. Every step
 * leaves things whole, so it may be killed after any. `isAsked`: by the operator; repositories are packed, too.
 */
export async function collectSpace(
  tools: DiskTools,
  measure: () => Promise<Pressure>,
  isAsked: boolean,
): Promise<Collected> {
  const before = await measure();
  const apps = await tools.store.apps.list();
  const ids = new Set(apps.map(({ id }) => id));
  await tools.gate.run(() => sweep(tools, ids));
  if (isAsked) {
    for (const { id } of apps) await tools.gate.run(() => tools.repos.pack(id, tools.closing, true));
    await removeSpares(tools);
  }
  for (const step of [removeSpares, removeBuildpacks, expireReleases, removeCaches, shortenOutput]) {
    const now = await measure();
    if (now.excessBytes === 0) break;
    await step(tools, now, measure);
  }
  const now = await measure();
  const freedBytes = Math.max(0, before.usedBytes - now.usedBytes);
  tools.log.info({ freedBytes, usedBytes: now.usedBytes, excessBytes: now.excessBytes }, 'disk collected');
  return { freedBytes };
}

async function sweep({ store, slugs, sources, streams }: DiskTools, apps: ReadonlySet<AppId>): Promise<void> {
  await slugs.sweep(new Set(await store.slugs.listShasInUse()), inUseNow(store));
  await sources.sweep();
  await streams.sweep(apps);
}

async function removeSpares({ caches, gate }: DiskTools): Promise<void> {
  for (const appId of await caches.listByUse()) await gate.run(() => caches.removeSpare(appId));
}

/** Fetched ones, which can be fetched again. */
async function removeBuildpacks(
  { fetchedBuildpacks, gate }: DiskTools,
  _now: Pressure,
  measure: () => Promise<Pressure>,
): Promise<void> {
  for (const dir of await fetchedBuildpacks.listByUse()) {
    await gate.run(() => fetchedBuildpacks.remove(dir));
    if ((await measure()).excessBytes === 0) return;
  }
}

/** The app with most slugs gives first. */
async function expireReleases(
  { store, slugCollector, gate }: DiskTools,
  _now: Pressure,
  measure: () => Promise<Pressure>,
): Promise<void> {
  const apps = await store.apps.list();
  const counts = await Promise.all(apps.map(async ({ id }) => (await store.slugs.listShas(id)).length));
  const queue = apps.map(({ id }, n) => ({ id, count: counts[n] ?? 0 })).toSorted((a, b) => b.count - a.count);
  for (const { id } of queue) {
    while ((await gate.run(() => slugCollector.squeeze(id, atOnce))) > 0) {
      if ((await measure()).excessBytes === 0) return;
    }
  }
}

async function removeCaches(
  { caches, gate, log }: DiskTools,
  now: Pressure,
  measure: () => Promise<Pressure>,
): Promise<void> {
  let excessBytes = now.excessBytes;
  for (const appId of await caches.listByUse()) {
    await gate.run(() => caches.remove(appId));
    log.info({ app: appId }, 'build cache removed for want of space, the next build of the app takes longer');
    excessBytes -= now.usage.parts.cache.get(appId) ?? 0;
    if (excessBytes <= 0 && (await measure()).excessBytes === 0) return;
  }
}

async function shortenOutput({ store, streams, gate }: DiskTools): Promise<void> {
  const ids = new Set((await store.apps.list()).map(({ id }) => id));
  await gate.run(() => streams.sweep(ids, dayMs));
}
