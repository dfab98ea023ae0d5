import type { App } from '../model/app.ts';
import { buildLogOf } from '../model/log.ts';
import type { Platform } from './platform.ts';

/**
 * Ends an app: its dynos first, then its rows in one transaction, then its files. What a crash leaves of the files is swept at the next start.
 * `keepStreams`: the output of its builds can be read until then.
 */
export async function destroyApp(
  app: App,
  platform: Platform,
  { keepStreams }: { readonly keepStreams: boolean } = { keepStreams: false },
): Promise<void> {
  platform.cancellations.cancel(app.id);
  await Promise.all([platform.formation.removeApp(app.id), platform.oneOffs.removeApp(app.id)]);
  const slugs = await platform.store.slugs.listShas(app.id);
  await platform.store.apps.delete(app.id);
  // What somebody has started since, as a change of a config var does: nothing can from now on.
  await Promise.all([platform.formation.removeApp(app.id), platform.oneOffs.removeApp(app.id)]);
  await Promise.all([
    platform.repos.remove(app.id),
    platform.logplex.remove(app.id),
    platform.logplex.remove(buildLogOf(app.id)),
    platform.buildTools.caches.remove(app.id),
    keepStreams ? undefined : platform.streams.remove(app.id),
  ]);
  platform.slugCollector.collect({ appId: app.id, uid: app.uid, slugs });
}
