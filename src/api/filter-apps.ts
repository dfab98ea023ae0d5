import type { App } from '../model/app.ts';
import type { ApiCall } from './api-call.ts';
import { invalidField, objectBody, objectField } from './body.ts';
import { withAccount, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { serializeTeamApp } from './teams.ts';
import { timestamp } from './timestamp.ts';

const maxIds = 1000;

/** Apps by their ids, as the official CLI asks for those of a pipeline. What the account may not see is left out. */
export const filterAppsRoutes: Routes = {
  'POST /filters/apps': withAccount(filterApps, { reach: 'apps', does: 'read' }),
};

async function filterApps(call: ApiCall): Promise<unknown> {
  const ids = objectField(objectBody(call.body), 'in')?.['id'];
  if (ids !== undefined && !Array.isArray(ids)) throw invalidField('in.id', 'must be a list of ids of apps');
  if (ids !== undefined && ids.length > maxIds) throw invalidField('in.id', `must have at most ${maxIds} ids`);
  const apps = await visibleApps(call);
  const wanted = apps.filter(({ id }) => ids === undefined || ids.includes(id));
  const fields = {
    id: (app: App) => app.id,
    name: (app: App) => app.name,
    updated_at: (app: App) => timestamp(app.updatedAt),
  };
  const page = sendPage(call, wanted, fields, (app) => app) as readonly App[];
  return Promise.all(page.map((app) => serializeTeamApp(app, call)));
}

/** Every app that the account may see at least: the operator sees all. */
export function visibleApps({ account, platform }: ApiCall): Promise<readonly App[]> {
  return account.isOperator ? platform.store.apps.list() : platform.store.apps.listAccessible(account.id);
}
