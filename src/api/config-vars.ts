import { onConfigChange } from '../lifecycle/index.ts';
import { invalidField, objectBody } from './body.ts';
import { findRelease } from './releases.ts';
import { withApp, type Routes } from './route.ts';

const need = ['deploy', 'operate'] as const;
const scope = { reach: 'config-vars' } as const;

export const configVarRoutes: Routes = {
  'GET /apps/:app/config-vars': withApp(need, (call, app) => call.platform.configVars.read(app.id), scope),
  'PATCH /apps/:app/config-vars': withApp(
    need,
    (call, app) => onConfigChange(app, parsePatch(call.body), call.actor, call.platform),
    scope,
  ),
  'GET /apps/:app/releases/:release/config-vars': withApp(
    need,
    async (call, app) =>
      call.platform.configVars.ofRelease((await findRelease(app, call.param('release'), call.platform)).id),
    scope,
  ),
};

/** Null removes a var. A value never gets into a message. */
export function parsePatch(body: unknown): Readonly<Record<string, string | null>> {
  const entries = Object.entries(objectBody(body)).map(([key, value]) => {
    if (value !== null && typeof value !== 'string') {
      throw invalidField(`the config var ${key.slice(0, 100)}`, 'must be a string, or null to remove it');
    }
    return [key, value] as const;
  });
  return Object.fromEntries(entries);
}
