import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { ApiCall } from './api-call.ts';
import { serializeApp } from './apps.ts';
import { booleanField, objectBody } from './body.ts';
import { withAccount, withApp, type Route, type Routes } from './route.ts';

/** Teams, enterprise accounts and private spaces, which this platform has not: there are none, and none can be made. */
export const teamRoutes: Routes = {
  'GET /teams': withAccount(() => [], { reach: 'identity' }),
  'GET /spaces': withAccount(() => [], { reach: 'identity' }),
  ...missing('team', [
    'GET /teams/:team',
    'GET /teams/:team/apps',
    'GET /teams/:team/features',
    'GET /teams/:team/invitations',
    'PUT /teams/:team/invitations',
    'GET /teams/:team/members',
    'PUT /teams/:team/members',
    'PATCH /teams/:team/members',
    'DELETE /teams/:team/members/:member',
    'GET /teams/:team/usage',
  ]),
  ...missing('space', ['GET /spaces/:space', 'PATCH /spaces/:space', 'DELETE /spaces/:space']),
  'GET /teams/apps/:app': withApp('view', (call, app) => serializeTeamApp(app, call)),
  'PATCH /teams/apps/:app': withApp('manage', async (call, app) => {
    const body = objectBody(call.body);
    if (booleanField(body, 'locked') === false && body['owner'] === undefined) return serializeTeamApp(app, call);
    throw new PlatformError(
      'not_implemented',
      `${app.name} belongs to one account, and there are no teams here that could own or lock it. Say who may use it with heroku access, or give it to an account with heroku apps:transfer <e-mail>.`,
    );
  }),
};

/** Nothing has such a name, whatever it is. */
function missing(resource: 'team' | 'space', endpoints: readonly string[]): Routes {
  const fail = (): never => {
    throw new PlatformError('not_found', `Couldn't find that ${resource}: this platform has no ${resource}s.`, {
      resource,
    });
  };
  const routeOf = (endpoint: string): Route => ({
    ...withAccount(fail, endpoint.startsWith('GET') ? { reach: 'identity' } : {}),
    checksBody: false,
  });
  return Object.fromEntries(endpoints.map((endpoint) => [endpoint, routeOf(endpoint)]));
}

/**
 * As if the app were of a team that never locks one; the official CLI asks this way. The operator has not joined the apps of
 * others, though they are visible.
 */
export async function serializeTeamApp(app: App, call: ApiCall): Promise<unknown> {
  const shared = (await serializeApp(app, call.platform)) as Readonly<Record<string, unknown>>;
  const collaborator = await call.platform.store.collaborators.find(app.id, call.account.id);
  return { ...shared, locked: false, joined: app.ownerId === call.account.id || collaborator !== null };
}
