import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { JsonObject } from './body.ts';
import { withApp, type Routes } from './route.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

/** What every app has. Off, the official CLI would offer to switch it on and restart the app's dynos. */
export const appFeatureRoutes: Routes = {
  'GET /apps/:app/features': withApp('view', (_call, app) => [execFeature(app)]),
  'GET /apps/:app/features/:feature': withApp('view', (call, app) => {
    const feature = execFeature(app);
    if ([feature.name, feature.id].includes(call.param('feature'))) return feature;
    throw new PlatformError('not_found', "Couldn't find that feature.", { resource: 'feature' });
  }),
};

function execFeature(app: App): JsonObject & { readonly name: string; readonly id: string } {
  const name = 'runtime-heroku-exec';
  const at = timestamp(app.createdAt);
  return {
    id: stableId('feature', name),
    name,
    enabled: true,
    state: 'general',
    display_name: 'Commands inside of dynos',
    feedback_email: '',
    description: 'heroku ps:exec, ps:copy and ps:forward',
    doc_url: 'https://devcenter.heroku.com/articles/exec',
    created_at: at,
    updated_at: at,
  };
}
