import type { Actor } from '../model/account.ts';
import type { AppId } from '../model/ids.ts';
import { nowMicros } from '../lib/micros.ts';
import type { Platform } from './platform.ts';

/** Writes an event of the platform to the app's log: `app[api]: <event> by user U`. */
export function logApiEvent(appId: AppId, event: string, actor: Actor, platform: Pick<Platform, 'logplex'>): void {
  platform.logplex.append(appId, [
    { atMicros: nowMicros(), source: 'app', process: 'api', message: `${event} by user ${actor.email}` },
  ]);
}
