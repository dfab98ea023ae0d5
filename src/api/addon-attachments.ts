import { authorizeApp } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { ApiCall } from './api-call.ts';
import { invalidField, objectBody, stringField } from './body.ts';
import { withAccount, type Routes } from './route.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

/**
 * The platform has no add-ons, but apps have databases: a config var with the URL of one is what `heroku pg:psql`,
 * `pg:ps`, `pg:locks` and their like are told when they ask which database a name stands for. They speak to it themselves.
 */
export const addonAttachmentRoutes: Routes = {
  'POST /actions/addon-attachments/resolve': withAccount(resolve, { reach: 'apps', does: 'read' }),
};

async function resolve(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const which = stringField(body, 'addon_attachment');
  if (which === undefined) throw invalidField('addon_attachment', 'must be the name of an attachment or a config var');
  const appName = stringField(body, 'app');
  // Without an app it would be searched in all of them, and a var's name says nothing across apps.
  if (appName === undefined) throw noSuchAttachment();
  const { store, configVars } = call.platform;
  const app = await authorizeApp(store, call.account, appName, ['deploy', 'operate']);
  const variable = databaseVariable(which, await configVars.read(app.id));
  if (variable === null) throw noSuchAttachment();
  return [serializeAttachment(app, variable, call)];
}

/** `DATABASE`, `DATABASE_URL`: the var of that name, if it holds the URL of a PostgreSQL database. */
function databaseVariable(which: string, vars: Readonly<Record<string, string>>): string | null {
  const names = which.endsWith('_URL') ? [which] : [`${which}_URL`];
  const isDatabase = (name: string): boolean => Object.hasOwn(vars, name) && /^postgres:\/\//.test(vars[name] ?? '');
  return names.find(isDatabase) ?? null;
}

/** What the CLI asks for in `Accept-Inclusion` is in it as well: the plan and the config vars. */
function serializeAttachment(app: App, variable: string, { request }: ApiCall): unknown {
  const owner = { id: app.id, name: app.name };
  const since = timestamp(app.createdAt);
  const includes = request.headers['accept-inclusion'] !== undefined;
  const plan = { id: stableId('plan', 'external'), name: 'heroku-postgresql:external' };
  const addon = {
    id: stableId('database', app.id, variable),
    name: `external-${variable.toLowerCase().replaceAll('_', '-')}`.slice(0, 256),
    app: owner,
  };
  return {
    id: stableId('attachment', app.id, variable),
    name: variable.replace(/_URL$/, ''),
    addon: includes ? { ...addon, plan } : addon,
    app: owner,
    ...(includes ? { config_vars: [variable] } : {}),
    namespace: null,
    web_url: null,
    log_input_url: null,
    created_at: since,
    updated_at: since,
  };
}

function noSuchAttachment(): PlatformError {
  return new PlatformError(
    'not_found',
    "Couldn't find that add on attachment: there is no config var of that name, with _URL at its end, that holds a postgres:// URL.",
    { resource: 'add_on attachment' },
  );
}
