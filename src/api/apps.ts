import { authorizeApp } from '../app/index.ts';
import { createApp, destroyApp, renameApp, setMaintenance, type Platform } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import { requireSelf } from './account.ts';
import type { ApiCall } from './api-call.ts';
import { booleanField, identityField, invalidField, objectBody, stringField } from './body.ts';
import { withAccount, withApp, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

export const appRoutes: Routes = {
  'GET /apps': withAccount(listApps, { reach: 'apps' }),
  'GET /users/:user/apps': withAccount(
    (call) => {
      requireSelf(call);
      return listApps(call);
    },
    { reach: 'apps' },
  ),
  'POST /apps': withAccount(
    async (call) => {
      const body = objectBody(call.body);
      const name = stringField(body, 'name');
      const stack = identityField(body, 'stack');
      const region = identityField(body, 'region');
      const request = {
        ...(name === undefined ? {} : { name }),
        ...(stack === undefined ? {} : { stack: offered('stack', stack, call.platform.stack) }),
        ...(region === undefined ? {} : { region: offered('region', region, call.platform.region) }),
      };
      const app = await createApp(request, call.actor, call.platform);
      call.reply.code(201);
      return serializeApp(app, call.platform);
    },
    { reach: 'apps' },
  ),
  'GET /apps/:app': withApp('view', (call, app) => serializeApp(app, call.platform)),
  'PATCH /apps/:app': withApp(['deploy', 'operate', 'manage'], updateApp),
  'DELETE /apps/:app': withApp('manage', async (call, app) => {
    const destroyed = await serializeApp(app, call.platform);
    await destroyApp(app, call.platform);
    return destroyed;
  }),
};

async function listApps(call: ApiCall): Promise<unknown> {
  const apps = await call.platform.store.apps.listAccessible(call.account.id);
  const fields = { id: (app: App) => app.id, name: (app: App) => app.name, updated_at: updatedAt };
  const page = sendPage(call, apps, fields, (app) => app) as readonly App[];
  return Promise.all(page.map((app) => serializeApp(app, call.platform)));
}

async function updateApp(call: ApiCall, app: App): Promise<unknown> {
  const body = objectBody(call.body);
  const name = stringField(body, 'name');
  const maintenance = booleanField(body, 'maintenance');
  const stack = identityField(body, 'build_stack');
  if (stack !== undefined && offered('stack', stack, call.platform.stack) !== app.stack) {
    throw invalidField('build_stack', `must be ${call.platform.stack}, the stack that is offered here`);
  }
  const { store } = call.platform;
  if (name !== undefined) await authorizeApp(store, call.account, app.id, ['manage']);
  if (maintenance !== undefined || stack !== undefined) {
    await authorizeApp(store, call.account, app.id, ['deploy', 'operate']);
  }
  let changed = app;
  if (name !== undefined && name !== app.name) changed = await renameApp(changed, name, call.platform);
  if (maintenance !== undefined && maintenance !== app.maintenance) {
    changed = await setMaintenance(changed, maintenance, call.actor, call.platform);
  }
  return serializeApp(changed, call.platform);
}

/** A stack or region may be given by its id. */
function offered(what: 'stack' | 'region', wanted: string, name: string): string {
  return wanted === stableId(what, name) ? name : wanted;
}

function updatedAt(app: App): string {
  return timestamp(app.updatedAt);
}

/** Every field of the schema is there: the official CLI stumbles over absent ones, not over null. */
export async function serializeApp(app: App, platform: Platform): Promise<unknown> {
  const stack = { id: stableId('stack', app.stack), name: app.stack };
  const current = await platform.store.releases.findCurrent(app.id);
  return {
    id: app.id,
    name: app.name,
    acm: app.acm,
    archived_at: null,
    base_image_name: null,
    build_stack: stack,
    stack,
    buildpack_provided_description: app.buildpackProvidedDescription,
    create_status: 'complete',
    created_at: timestamp(app.createdAt),
    updated_at: timestamp(app.updatedAt),
    released_at: app.releasedAt === null ? null : timestamp(app.releasedAt),
    // An object, and always there: without it the CLI reads the generation out of the app's name.
    generation: { id: stableId('generation', 'cedar'), name: 'cedar' },
    git_url: platform.urls.git(app.name),
    web_url: platform.urls.web(app.name),
    internal_routing: null,
    maintenance: app.maintenance,
    owner: { id: app.ownerId, email: app.ownerEmail },
    organization: null,
    team: null,
    space: null,
    region: { id: stableId('region', app.region), name: app.region },
    repo_size: null,
    slug_size: current?.slug?.sizeBytes ?? null,
  };
}
