import { setBuildpacks, type Platform } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import { invalidField, objectBody, objectsField, stringField } from './body.ts';
import { withApp, type Routes } from './route.ts';

const maxBuildpacks = 20;

/** The buildpacks that the next build uses, in order. */
export const buildpackInstallationRoutes: Routes = {
  'GET /apps/:app/buildpack-installations': withApp('view', (call, app) => list(app, call.platform)),
  'PUT /apps/:app/buildpack-installations': withApp(['deploy', 'operate'], async (call, app) => {
    const updates = objectsField(objectBody(call.body), 'updates', maxBuildpacks);
    if (updates === undefined) throw invalidField('updates', 'must be an array of buildpacks');
    const references = updates.map((update) => parseReference(stringField(update, 'buildpack', 2000)));
    await setBuildpacks(app, references, call.platform);
    return list(app, call.platform);
  }),
};

export function describeBuildpack(reference: string): { name: string; url: string } {
  return { name: reference, url: reference.includes('://') ? reference : `urn:buildpack:${reference}` };
}

async function list(app: App, platform: Platform): Promise<unknown> {
  const references = await platform.store.apps.listBuildpacks(app.id);
  return references.map((reference, ordinal) => ({ ordinal, buildpack: describeBuildpack(reference) }));
}

/** Clients write a registered buildpack as its name, as Heroku's URN, or as the address of the registry's archive. */
function parseReference(text: string | undefined): string {
  const registered =
    /^(?:urn:buildpack:|https:\/\/buildpack-registry\.s3\.amazonaws\.com\/buildpacks\/)?([\w-]+\/[\w-]+)(?:\.tgz)?$/.exec(
      text ?? '',
    )?.[1];
  if (registered !== undefined) return registered;
  if (text !== undefined && /^https?:\/\/[^\s/@]+\/\S+$/.test(text)) return text;
  throw invalidField('buildpack', 'must be a name like heroku/python, or the http(s) URL of a git repository or .tgz');
}
