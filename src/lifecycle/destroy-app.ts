import type { App } from '../model/app.ts';
import { buildLogOf } from '../model/log.ts';
import type { Platform } from './platform.ts';

/** Ends an app: its dynos first, then its rows in one transaction, then its files. What a crash leaves of the files is swept at the next start. */
export async function destroyApp(app: App, platform: Platform): Promise<void> {
  platform.cancellations.cancel(app.id);
  await Promise.all([platform.formation.removeApp(app.id), platform.oneOffs.removeApp(app.id)]);
  await platform.store.apps.delete(app.id);
  await Promise.all([
    platform.repos.remove(app.id),
    platform.logplex.remove(app.id),
    platform.logplex.remove(buildLogOf(app.id)),
    platform.buildTools.caches.remove(app.id),
  ]);
}
