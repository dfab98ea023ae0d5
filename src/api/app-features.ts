import { PlatformError } from '../errors/platform-error.ts';
import { listAppFeatures, setAppFeature, type AppFeature } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { ApiCall } from './api-call.ts';
import { booleanField, invalidField, objectBody } from './body.ts';
import { withApp, type Routes } from './route.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

/** `heroku features` and, for those that are not for everybody, `heroku labs`. */
export const appFeatureRoutes: Routes = {
  'GET /apps/:app/features': withApp('view', async (call, app) =>
    (await listAppFeatures(app, call.platform)).map(serialize),
  ),
  'GET /apps/:app/features/:feature': withApp('view', async (call, app) => serialize(await find(call, app))),
  'PATCH /apps/:app/features/:feature': withApp('operate', async (call, app) => {
    const enabled = booleanField(objectBody(call.body), 'enabled');
    if (enabled === undefined) throw invalidField('enabled', 'must be true or false');
    await setAppFeature(app, await find(call, app), enabled, call.platform);
    return serialize(await find(call, app));
  }),
};

/** By name or id. */
async function find(call: ApiCall, app: App): Promise<AppFeature> {
  const which = call.param('feature');
  const features = await listAppFeatures(app, call.platform);
  const feature = features.find(({ name }) => name === which || stableId('feature', name) === which);
  if (feature !== undefined) return feature;
  throw new PlatformError('not_found', "Couldn't find that feature.", { resource: 'feature' });
}

function serialize(feature: AppFeature): unknown {
  return {
    id: stableId('feature', feature.name),
    name: feature.name,
    enabled: feature.enabled,
    state: feature.state,
    display_name: feature.displayName,
    feedback_email: '',
    description: feature.description,
    doc_url: feature.docUrl,
    created_at: timestamp(feature.createdAt),
    updated_at: timestamp(feature.updatedAt),
  };
}
