import { sweepBuilds } from '../build/index.ts';
import type { App } from '../model/app.ts';
import type { AppId } from '../model/ids.ts';
import { failInterruptedSetups } from './on-app-setup.ts';
import { openLogDrains } from './log-drains.ts';
import { inUseNow } from './slug-collector.ts';
import type { Platform } from './platform.ts';
import { settleInterruptedPromotions } from './on-promotion.ts';
import { relaunch, settleInterrupted } from './settle-interrupted.ts';

/**
 * Makes the state true again after any end of the last platform process, a power cut included: running apps are routed
 * first, then what was interrupted is marked as failed or launched again, then what nobody owns is removed. Nothing is
 * left for a human.
 */
export async function onBoot(platform: Platform): Promise<void> {
  await openLogDrains(platform);
  const interrupted = await settleInterrupted(platform);
  await settleInterruptedPromotions(platform);
  await platform.formation.reconcile();
  await failInterruptedSetups(platform);
  const apps = await platform.store.apps.list();
  const ids = new Set(apps.map((app) => app.id));
  // Before the first push and the first build: afterwards their own unfinished work lies in the same folders.
  await platform.repos.sweep(ids);
  await sweepBuilds(platform.buildTools.workDir, platform.logs.build);
  await platform.buildTools.caches.sweep(ids);
  platform.inBackground('sweep at start', sweep(apps, ids, platform));
  for (const release of interrupted) platform.inBackground('launch after a restart', relaunch(release, platform));
}

async function sweep(apps: readonly App[], ids: ReadonlySet<AppId>, platform: Platform): Promise<void> {
  await Promise.all([
    platform.logplex.sweep(ids),
    platform.slugs.sweep(new Set(await platform.store.slugs.listShasInUse()), inUseNow(platform.store)),
    platform.sources.sweep(),
    platform.streams.sweep(ids),
  ]);
  for (const app of apps) platform.slugCollector.collect({ appId: app.id, uid: app.uid, slugs: [] });
}
