import { onConfigChange } from '../lifecycle/index.ts';
import { withApp, type Routes } from './api-call.ts';
import { invalidField, objectBody } from './body.ts';
import { findRelease } from './releases.ts';

export const configVarRoutes: Routes = {
  'GET /apps/:app/config-vars': withApp((call, app) => call.platform.configVars.read(app.id)),
  'PATCH /apps/:app/config-vars': withApp((call, app) =>
    onConfigChange(app, parsePatch(call.body), call.actor, call.platform),
  ),
  'GET /apps/:app/releases/:release/config-vars': withApp(async (call, app) =>
    call.platform.configVars.ofRelease((await findRelease(app, call.param('release'), call.platform)).id),
  ),
};

/** Null removes a var. A value never gets into a message. */
function parsePatch(body: unknown): Readonly<Record<string, string | null>> {
  const entries = Object.entries(objectBody(body)).map(([key, value]) => {
    if (value !== null && typeof value !== 'string') {
      throw invalidField(`the config var ${key.slice(0, 100)}`, 'must be a string, or null to remove it');
    }
    return [key, value] as const;
  });
  return Object.fromEntries(entries);
}
