import { PlatformError } from '../errors/platform-error.ts';
import { addLogDrain, listLogDrains, removeLogDrain, type OpenLogDrain } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { ApiCall } from './api-call.ts';
import { invalidField, objectBody, stringField } from './body.ts';
import { withApp, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { timestamp } from './timestamp.ts';

export const logDrainRoutes: Routes = {
  'GET /apps/:app/log-drains': withApp('operate', async (call, app) => {
    const drains = await listLogDrains(app, call.platform);
    return sendPage(call, drains, { id: (drain: OpenLogDrain) => drain.id }, (drain) => serialize(call, app, drain));
  }),
  'POST /apps/:app/log-drains': withApp('operate', async (call, app) => {
    const url = stringField(objectBody(call.body), 'url', 2048);
    if (url === undefined) throw invalidField('url', 'must be the address of a receiver, such as https://host/path');
    const drain = await addLogDrain(app, url, call.actor, call.platform);
    call.reply.code(201);
    return serialize(call, app, drain);
  }),
  'GET /apps/:app/log-drains/:drain': withApp('operate', async (call, app) =>
    serialize(call, app, await findDrain(call, app)),
  ),
  'DELETE /apps/:app/log-drains/:drain': withApp('operate', async (call, app) => {
    const drain = await findDrain(call, app);
    await removeLogDrain(drain, call.platform);
    return serialize(call, app, drain);
  }),
};

/** By id, token or URL. */
async function findDrain(call: ApiCall, app: App): Promise<OpenLogDrain> {
  const which = call.param('drain');
  const drain = (await listLogDrains(app, call.platform)).find(
    ({ id, token, url }) => id === which || token === which || url === which,
  );
  if (drain !== undefined) return drain;
  throw new PlatformError('not_found', "Couldn't find that log drain.", { resource: 'log_drain' });
}

function serialize(call: ApiCall, app: App, drain: OpenLogDrain): unknown {
  return {
    id: drain.id,
    addon: null,
    app: { id: app.id, name: app.name },
    token: drain.token,
    url: drain.url,
    created_at: timestamp(drain.createdAt),
    updated_at: timestamp(drain.updatedAt),
    ...(call.query('extended') === 'true' ? { extended: { drain_id: drain.token } } : {}),
  };
}
