import { parseAppName } from '../app/index.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import { logApiEvent } from './api-event.ts';
import type { Platform } from './platform.ts';

/** Gives the app a new name; it answers at its new host name before this resolves, and no more at the old one. */
export async function renameApp(app: App, newName: string, platform: Platform): Promise<App> {
  const renamed = await platform.store.apps.update(app.id, { name: parseAppName(newName) });
  await platform.formation.refreshRoute(renamed);
  return renamed;
}

/** Dynos keep running in maintenance mode; only the router answers in their place (H80). */
export async function setMaintenance(app: App, maintenance: boolean, actor: Actor, platform: Platform): Promise<App> {
  const changed = await platform.store.apps.update(app.id, { maintenance });
  await platform.formation.refreshRoute(changed);
  logApiEvent(app.id, `Maintenance mode ${maintenance ? 'on' : 'off'}`, actor, platform);
  return changed;
}

/** The next build uses these, in this order; an empty list goes back to detection. */
export async function setBuildpacks(app: App, references: readonly string[], platform: Platform): Promise<void> {
  await platform.store.apps.setBuildpacks(app.id, references);
}
