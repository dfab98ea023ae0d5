import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import type { App } from '../model/app.ts';
import { appPermissions, type AppPermission } from '../model/collaborator.ts';
import type { AppId } from '../model/ids.ts';
import type { Store } from '../store/index.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One of these permissions is enough. `owner`: no permission is, only the owner and the operator may. */
export type AppNeed = readonly AppPermission[] | 'owner';

/**
 * The app that a client names by its name or id, if the account may do this with it. The owner and the operator of the
 * platform may do everything; collaborators what they have a permission for. Throws `not_found` for strangers, who learn
 * nothing about the app, and `forbidden` for collaborators without the permission.
 */
export async function authorizeApp(store: Store, account: Account, nameOrId: string, need: AppNeed): Promise<App> {
  const app = await findApp(store, nameOrId);
  const permissions = app === null ? [] : await permissionsOn(app, account, store);
  if (app === null || permissions.length === 0) {
    throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
  }
  if (permissions === 'all' || (need !== 'owner' && need.some((permission) => permissions.includes(permission))))
    return app;
  const missing = need === 'owner' ? 'only its owner may do this' : `this needs the permission ${need.join(' or ')}`;
  throw new PlatformError(
    'forbidden',
    `You do not have access to the app ${app.name}: ${missing}, and you have ${permissions.join(', ')}. Ask ${app.ownerEmail}.`,
    { resource: 'app' },
  );
}

async function findApp(store: Store, nameOrId: string): Promise<App | null> {
  const key = nameOrId.toLowerCase();
  // No name is as long as an id, so the two can't be mistaken for each other.
  return uuid.test(key) ? store.apps.findById(key as AppId) : store.apps.findByName(nameOrId);
}

async function permissionsOn(app: App, account: Account, store: Store): Promise<readonly AppPermission[] | 'all'> {
  if (app.ownerId === account.id || account.isOperator) return 'all';
  const granted = (await store.collaborators.find(app.id, account.id))?.permissions ?? [];
  return appPermissions.filter((permission) => granted.includes(permission));
}
