import { withApp, withNobody, type Routes } from './route.ts';

/** What HEROKU_STATUS_HOST is asked for, and what would be billed: nothing is. */
export const statusRoutes: Routes = {
  'GET /api/v4/current-status': withNobody(async ({ platform }) => {
    const isUp = await platform.store.ping().then(
      () => true,
      () => false,
    );
    // Whoever reads this has come through the router; what deploys and starts needs the database.
    return {
      status: [
        { system: 'Apps', status: 'green' },
        { system: 'Tools', status: isUp ? 'green' : 'red' },
      ],
      incidents: [],
      scheduled: [],
    };
  }),
  'GET /apps/:app/usage': withApp('view', (_call, app) => ({ id: app.id, name: app.name, addons: [] })),
};
