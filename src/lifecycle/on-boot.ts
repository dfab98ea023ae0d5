import { sweepBuilds } from '../build/index.ts';
import type { AppId } from '../model/ids.ts';
import { nowMicros } from '../lib/micros.ts';
import { openLogDrains } from './log-drains.ts';
import type { Platform } from './platform.ts';

/**
 * Makes the state true again after any end of the last platform process, a power cut included: running apps are routed
 * first, then what was interrupted is marked as failed, then what nobody owns is removed. Nothing is left for a human.
 */
export async function onBoot(platform: Platform): Promise<void> {
  await openLogDrains(platform);
  await failInterrupted(platform);
  await platform.formation.reconcile();
  const apps = new Set((await platform.store.apps.list()).map((app) => app.id));
  // Before the first push and the first build: afterwards their own unfinished work lies in the same folders.
  await platform.repos.sweep(apps);
  await sweepBuilds(platform.buildTools.workDir, platform.logs.build);
  await platform.buildTools.caches.sweep(apps);
  platform.inBackground('sweep at start', sweep(apps, platform));
}

async function failInterrupted(platform: Platform): Promise<void> {
  for (const build of await platform.store.builds.listPending()) {
    await platform.store.builds.finish(build.id, { status: 'failed' });
    const message = 'Build failed -- the platform was stopped during it, push again';
    platform.logplex.append(build.appId, [{ atMicros: nowMicros(), source: 'app', process: 'api', message }]);
  }
  for (const release of await platform.store.releases.listPending()) {
    await platform.store.releases.setStatus(release.id, 'failed');
    const message = `Release v${release.version} failed: the platform was stopped before it was live. The release before it keeps running.`;
    platform.logplex.append(release.appId, [{ atMicros: nowMicros(), source: 'app', process: 'api', message }]);
  }
}

async function sweep(apps: ReadonlySet<AppId>, platform: Platform): Promise<void> {
  await Promise.all([
    platform.logplex.sweep(apps),
    platform.slugs.sweep(new Set(await platform.store.slugs.listShasInUse())),
  ]);
}
