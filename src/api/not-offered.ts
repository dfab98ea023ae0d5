import { PlatformError } from '../errors/platform-error.ts';
import { withAccount, withApp, type Route, type Routes } from './route.ts';

/** Parts of Heroku's API that this platform has not: its lists are empty, and asking for more is answered with what to do instead. */
export const notOfferedRoutes: Routes = {
  'GET /addons': withAccount(() => [], { reach: 'apps' }),
  'GET /addon-attachments': withAccount(() => [], { reach: 'apps' }),
  'GET /addon-services': withAccount(() => [], { reach: 'apps' }),
  'GET /apps/:app/addons': withApp('view', () => []),
  'GET /apps/:app/addon-attachments': withApp('view', () => []),
  'POST /actions/addons/resolve': withAccount(
    () => {
      throw new PlatformError('not_found', "Couldn't find that add-on.", { resource: 'add_on' });
    },
    { reach: 'apps', does: 'read' },
  ),
  'POST /apps/:app/addons': refuseForApp(
    'Add-ons are not offered by this platform.',
    'Set the address and credentials of a service as config vars instead.',
  ),
  'GET /apps/:app/telemetry-drains': withApp('view', () => []),
  'GET /telemetry-drains/:drain': unknownTelemetryDrain(),
  'PATCH /telemetry-drains/:drain': unknownTelemetryDrain(),
  'DELETE /telemetry-drains/:drain': unknownTelemetryDrain(),
  'POST /telemetry-drains': refuse(
    'Telemetry drains are not offered by this platform.',
    'Send the logs with heroku drains:add, and traces and metrics from the app itself.',
  ),
  'POST /teams': refuse(
    'Teams are not offered by this platform.',
    'Share each app with heroku access:add.',
    'everything',
  ),
  'POST /spaces': refuse(
    'Private spaces are not offered by this platform.',
    'Create the app without --space.',
    'everything',
  ),
  'POST /teams/apps': refuse(
    'Teams and spaces are not offered by this platform.',
    'Create the app without --team and --space.',
  ),
};

function unknownTelemetryDrain(): Route {
  const fail = (): never => {
    throw new PlatformError('not_found', "Couldn't find that telemetry drain: this platform has none.", {
      resource: 'telemetry_drain',
    });
  };
  return { ...withAccount(fail, { reach: 'apps' }), checksBody: false };
}

function refuse(what: string, instead: string, reach: 'apps' | 'everything' = 'apps'): Route {
  return { ...withAccount(() => notOffered(what, instead), { reach }), checksBody: false };
}

function refuseForApp(what: string, instead: string): Route {
  return { ...withApp('view', () => notOffered(what, instead)), checksBody: false };
}

function notOffered(what: string, instead: string): never {
  throw new PlatformError('not_implemented', `${what} ${instead}`);
}
