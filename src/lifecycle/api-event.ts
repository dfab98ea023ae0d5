import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { AppId } from '../model/ids.ts';
import { nowMicros } from '../lib/micros.ts';
import type { Platform } from './platform.ts';

/** Writes an event of the platform to the app's log: `app[api]: <event> by user U`. */
export function logApiEvent(appId: AppId, event: string, actor: Actor, platform: Pick<Platform, 'logplex'>): void {
  platform.logplex.append(appId, [
    { atMicros: nowMicros(), source: 'app', process: 'api', message: `${event} by user ${actor.email}` },
  ]);
}

/** The same for what changes no row of the store, and is to be found in the audit trail all the same. */
export function logDeed(
  app: App,
  deed: { readonly action: string; readonly event: string },
  actor: Actor,
  platform: Pick<Platform, 'logplex' | 'store' | 'inBackground'>,
): void {
  logApiEvent(app.id, deed.event, actor, platform);
  const entry = { action: deed.action, appId: app.id, appName: app.name, detail: deed.event };
  platform.inBackground('audit trail', platform.store.noteDeed(entry));
}
