import { isInSource, parseBuildpackReference } from '../model/buildpack-reference.ts';
import { setBuildpacks, type Platform } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import { invalidField, objectBody, objectsField, stringField, type JsonObject } from './body.ts';
import { withApp, type Routes } from './route.ts';

export const maxBuildpacks = 20;

/** The buildpacks that the next build uses, in order. */
export const buildpackInstallationRoutes: Routes = {
  'GET /apps/:app/buildpack-installations': withApp('view', (call, app) => list(app, call.platform)),
  'PUT /apps/:app/buildpack-installations': withApp(['deploy', 'operate'], async (call, app) => {
    const updates = objectsField(objectBody(call.body), 'updates', maxBuildpacks);
    if (updates === undefined) throw invalidField('updates', 'must be an array of buildpacks');
    if (updates.some((update) => (update['buildpack'] ?? '') === '')) {
      // What the official CLI sends for a name that is not in the registry.
      const must = 'must name a buildpack in each item; what this platform has is shown by heroku buildpacks:search';
      throw invalidField('updates', must);
    }
    const references = updates.map((update) => referenceField(update, 'buildpack'));
    await setBuildpacks(app, references, call.platform);
    return list(app, call.platform);
  }),
};

export function describeBuildpack(reference: string): { name: string; url: string } {
  const isAddress = reference.includes('://') || isInSource(reference);
  return { name: reference, url: isAddress ? reference : `urn:buildpack:${reference}` };
}

async function list(app: App, platform: Platform): Promise<unknown> {
  const references = await platform.store.apps.listBuildpacks(app.id);
  return references.map((reference, ordinal) => ({ ordinal, buildpack: describeBuildpack(reference) }));
}

/** Throws `invalid_params`. */
export function referenceField(body: JsonObject, name: string): string {
  const reference = parseBuildpackReference(stringField(body, name, 2000) ?? '');
  if (reference !== null) return reference;
  throw invalidField(
    name,
    'must be a name like heroku/python, the http(s) URL of a git repository or .tgz, or a folder like ./buildpacks/ours',
  );
}
