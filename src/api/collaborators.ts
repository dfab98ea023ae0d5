import { authorizeApp } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import { appPermissions, type AppPermission, type Collaborator } from '../model/collaborator.ts';
import type { AccountId } from '../model/ids.ts';
import type { ApiCall } from './api-call.ts';
import { identityField, invalidField, objectBody } from './body.ts';
import { withAccount, withApp, type Routes } from './route.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

/** Who shares an app of one account; `manage` and the rest beyond are given through the form that Heroku has for teams. */
const shared: readonly AppPermission[] = ['view', 'deploy', 'operate'];
const maxPerApp = 500;

export const collaboratorRoutes: Routes = {
  'GET /apps/:app/collaborators': withApp('view', listCollaborators),
  'POST /apps/:app/collaborators': withApp('manage', (call, app) => add(call, app, shared)),
  'GET /apps/:app/collaborators/:collaborator': withApp('view', showCollaborator),
  'DELETE /apps/:app/collaborators/:collaborator': withApp('view', remove),
  // The official CLI goes this way for apps of teams, with permissions.
  'GET /teams/apps/:app/collaborators': withApp('view', listCollaborators),
  'POST /teams/apps/:app/collaborators': withApp('manage', (call, app) =>
    add(call, app, parsePermissions(objectBody(call.body)['permissions']) ?? shared),
  ),
  'GET /teams/apps/:app/collaborators/:collaborator': withApp('view', showCollaborator),
  'PATCH /teams/apps/:app/collaborators/:collaborator': withApp('manage', async (call, app) => {
    const permissions = parsePermissions(objectBody(call.body)['permissions']);
    if (permissions === undefined) throw invalidField('permissions', 'must be given');
    const { accountId } = await find(call, app);
    return serializeCollaborator(await call.platform.store.collaborators.set(app.id, accountId, permissions), app);
  }),
  'DELETE /teams/apps/:app/collaborators/:collaborator': withApp('view', remove),
  'GET /teams/permissions': withAccount(() => appPermissions.map(serializePermission), { reach: 'identity' }),
};

async function listCollaborators(call: ApiCall, app: App): Promise<readonly unknown[]> {
  const collaborators = await call.platform.store.collaborators.list(app.id);
  return [serializeOwner(app), ...collaborators.map((collaborator) => serializeCollaborator(collaborator, app))];
}

async function showCollaborator(call: ApiCall, app: App): Promise<unknown> {
  if (namesOwner(call.param('collaborator'), app)) return serializeOwner(app);
  return serializeCollaborator(await find(call, app), app);
}

async function add(call: ApiCall, app: App, permissions: readonly AppPermission[]): Promise<unknown> {
  const user = identityField(objectBody(call.body), 'user') ?? '';
  const { accounts } = call.platform.store;
  const account = user.includes('@') ? await accounts.findByEmail(user) : await accounts.findById(user as AccountId);
  if (account === null) {
    throw new PlatformError(
      'not_found',
      "Couldn't find that user. There must be an account first; the platform's operator makes it with POST /accounts.",
      { resource: 'user' },
    );
  }
  if (account.id === app.ownerId) throw new PlatformError('invalid_params', 'User is already the owner of this app.');
  const collaborator = await call.platform.store.transaction(async (tx) => {
    const known = await tx.collaborators.list(app.id);
    if (known.some(({ accountId }) => accountId === account.id)) {
      throw new PlatformError('invalid_params', 'User is already a collaborator on this app.');
    }
    if (known.length >= maxPerApp) {
      throw new PlatformError('invalid_params', `An app has at most ${maxPerApp} collaborators. Remove some first.`);
    }
    return tx.collaborators.set(app.id, account.id, permissions);
  });
  call.reply.code(201);
  return serializeCollaborator(collaborator, app);
}

/** Everybody may leave; somebody else is removed by who may manage the app. */
async function remove(call: ApiCall, app: App): Promise<unknown> {
  const { store } = call.platform;
  if (namesOwner(call.param('collaborator'), app)) {
    await authorizeApp(store, call.account, app.id, ['manage']);
    throw new PlatformError('invalid_params', "The app's owner can't be removed. Transfer the app first.");
  }
  const collaborator = await findOrNull(call, app);
  if (collaborator?.accountId !== call.account.id) await authorizeApp(store, call.account, app.id, ['manage']);
  if (collaborator === null) throw unknown();
  await store.collaborators.remove(collaborator.id);
  return serializeCollaborator(collaborator, app);
}

async function find(call: ApiCall, app: App): Promise<Collaborator> {
  const found = await findOrNull(call, app);
  if (found === null) throw unknown();
  return found;
}

/** By e-mail, by the collaborator's id, or by the account's. */
async function findOrNull(call: ApiCall, app: App): Promise<Collaborator | null> {
  const which = call.param('collaborator').toLowerCase();
  const collaborators = await call.platform.store.collaborators.list(app.id);
  return (
    collaborators.find(
      ({ id, accountId, email }) => id === which || accountId === which || email.toLowerCase() === which,
    ) ?? null
  );
}

function unknown(): PlatformError {
  return new PlatformError('not_found', "Couldn't find that collaborator.", { resource: 'collaborator' });
}

function namesOwner(which: string, app: App): boolean {
  return [app.ownerId, app.ownerEmail.toLowerCase(), ownerEntry(app)].includes(which.toLowerCase());
}

function parsePermissions(value: unknown): readonly AppPermission[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.every((name) => appPermissions.some((permission) => permission === name))) {
    return appPermissions.filter((permission) => permission === 'view' || list.includes(permission));
  }
  throw invalidField('permissions', `must be a list of ${appPermissions.join(', ')}`);
}

const meanings: Readonly<Record<AppPermission, string>> = {
  view: 'Can see the app, its dynos, releases and logs.',
  deploy: 'Can read and push code, change config vars, run one-off dynos and roll back.',
  operate: 'Can change config vars, scale, restart and configure the app.',
  manage: 'Can rename, transfer and destroy the app, and say who has access.',
};

function serializePermission(name: AppPermission): { name: string; description: string } {
  return { name, description: meanings[name] };
}

export function serializeCollaborator(collaborator: Collaborator, app: App): unknown {
  return {
    id: collaborator.id,
    role: 'collaborator',
    permissions: collaborator.permissions.map(serializePermission),
    app: { id: app.id, name: app.name },
    user: { id: collaborator.accountId, email: collaborator.email, federated: false },
    created_at: timestamp(collaborator.createdAt),
    updated_at: timestamp(collaborator.updatedAt),
  };
}

function ownerEntry(app: App): string {
  return stableId('collaborator', app.id, app.ownerId);
}

function serializeOwner(app: App): unknown {
  return {
    id: ownerEntry(app),
    role: 'owner',
    permissions: appPermissions.map(serializePermission),
    app: { id: app.id, name: app.name },
    user: { id: app.ownerId, email: app.ownerEmail, federated: false },
    created_at: timestamp(app.createdAt),
    updated_at: timestamp(app.createdAt),
  };
}
