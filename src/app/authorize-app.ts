import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { AppId } from '../model/ids.ts';
import type { Store } from '../store/index.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The app that a client names by its name or id, if the account may do everything with it: only its owner may.
 * Throws `not_found` or `forbidden`.
 */
export async function authorizeApp(store: Store, account: Account, nameOrId: string): Promise<App> {
  const key = nameOrId.toLowerCase();
  // No name is as long as an id, so the two can't be mistaken for each other.
  const app = uuid.test(key) ? await store.apps.findById(key as AppId) : await store.apps.findByName(nameOrId);
  if (app === null) throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
  if (app.ownerId !== account.id) {
    throw new PlatformError('forbidden', `You do not have access to the app ${app.name}.`, { resource: 'app' });
  }
  return app;
}
