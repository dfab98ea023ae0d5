import { PlatformError } from '../errors/platform-error.ts';
import type { DynoSelector } from '../formation/index.ts';
import { onRestart, onStop, runInside, runOneOff, type StartedOneOff } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { DynoView } from '../model/dyno.ts';
import type { DynoName, ProcessType } from '../model/ids.ts';
import { attachUrl } from './attach-url.ts';
import type { ApiCall } from './api-call.ts';
import { sizeLabel } from './formation.ts';
import { withApp, type Routes } from './route.ts';
import type { JsonObject } from './body.ts';
import { parseOneOff } from './one-off-body.ts';
import { timestamp } from './timestamp.ts';

export const dynoRoutes: Routes = {
  'GET /apps/:app/dynos': withApp('view', (call, app) =>
    call.platform.formation.list(app.id).map((dyno) => serializeDyno(dyno, app)),
  ),
  // What runs in a dyno sees the config vars.
  'POST /apps/:app/dynos': withApp(
    'operate',
    async (call, app) =>
      serializeStarted(call, app, await runOneOff(app, parseOneOff(call.body), call.actor, call.platform)),
    { reach: 'config-vars' },
  ),
  // Not published; `heroku run:inside` calls it.
  'POST /apps/:app/dynos/:dyno': withApp(
    'operate',
    async (call, app) => {
      const dyno = findDyno(call, app);
      return serializeStarted(call, app, await runInside(app, dyno, parseOneOff(call.body), call.actor, call.platform));
    },
    { reach: 'config-vars' },
  ),
  'GET /apps/:app/dynos/:dyno': withApp('view', (call, app) => serializeDyno(findDyno(call, app), app)),
  'DELETE /apps/:app/dynos': withApp('operate', (call, app) => restart(call, app, { all: true })),
  'DELETE /apps/:app/dynos/:dyno': withApp('operate', (call, app) => restart(call, app, selectDynos(call, app))),
  'DELETE /apps/:app/formations/:type': withApp('operate', (call, app) => restart(call, app, selectType(call))),
  'POST /apps/:app/dynos/:dyno/actions/stop': withApp('operate', (call, app) =>
    stop(call, app, selectDynos(call, app)),
  ),
  'POST /apps/:app/formations/:type/actions/stop': withApp('operate', (call, app) => stop(call, app, selectType(call))),
};

function serializeStarted(call: ApiCall, app: App, { view, secret }: StartedOneOff): JsonObject {
  call.reply.code(201);
  return { ...serializeDyno(view, app), attach_url: secret === null ? null : attachUrl(call, secret) };
}

function restart(call: ApiCall, app: App, which: DynoSelector): unknown {
  onRestart(app, which, call.actor, call.platform);
  call.reply.code(202);
  return {};
}

async function stop(call: ApiCall, app: App, which: DynoSelector): Promise<unknown> {
  await onStop(app, which, call.actor, call.platform);
  call.reply.code(202);
  return {};
}

function selectType(call: ApiCall): DynoSelector {
  return { type: call.param('type') as ProcessType };
}

/** `web.1` or an id is one dyno; `web`, which older clients send in its place, is every dyno of that type. */
function selectDynos(call: ApiCall, app: App): DynoSelector {
  const which = call.param('dyno');
  const byId = call.platform.formation.list(app.id).find((dyno) => dyno.id === which);
  if (byId !== undefined) return { name: byId.name };
  return which.includes('.') ? { name: which as DynoName } : { type: which as ProcessType };
}

function findDyno(call: ApiCall, app: App): DynoView {
  const which = call.param('dyno');
  const dyno = call.platform.formation.list(app.id).find(({ name, id }) => name === which || id === which);
  if (dyno === undefined) throw new PlatformError('not_found', "Couldn't find that dyno.", { resource: 'dyno' });
  return dyno;
}

export function serializeDyno(dyno: DynoView, app: App): JsonObject {
  return {
    id: dyno.id,
    name: dyno.name,
    type: dyno.type,
    command: dyno.command,
    size: sizeLabel(dyno.size),
    state: dyno.state,
    attach_url: null,
    app: { id: app.id, name: app.name },
    release: { id: dyno.releaseId, version: dyno.releaseVersion },
    created_at: timestamp(dyno.createdAt),
    updated_at: timestamp(dyno.updatedAt),
  };
}
