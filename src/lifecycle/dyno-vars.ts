import type { ReleaseId } from '../model/ids.ts';
import type { ConfigVars, Release } from '../model/release.ts';
import { dynoMetadata } from './app-features.ts';
import { describeDeploy } from './describe-deploy.ts';
import type { Platform } from './platform.ts';

/**
 * What the dynos of a release find in their environment: its config vars, and, if the app wanted them when the release was
 * made, what is known of app, release and commit. Throws `not_found` for a release that is gone.
 */
export async function dynoVars(
  releaseId: ReleaseId,
  { store, configVars }: Pick<Platform, 'store' | 'configVars'>,
): Promise<ConfigVars> {
  const vars = await configVars.ofRelease(releaseId);
  const release = await store.releases.findById(releaseId);
  if (release === null) return vars;
  const feature = (await store.appFeatures.list(release.appId)).find(({ name }) => name === dynoMetadata);
  if (feature?.enabled !== true || feature.updatedAt > release.createdAt) return vars;
  const app = await store.apps.findById(release.appId);
  return app === null ? vars : { ...metadata(app.name, release), ...vars };
}

/** Source: https://devcenter.heroku.com/articles/dyno-metadata */
function metadata(appName: string, { appId, createdAt, slug, version }: Release): ConfigVars {
  const commit = slug?.commit ?? null;
  const description = describeDeploy(commit);
  return {
    HEROKU_APP_ID: appId,
    HEROKU_APP_NAME: appName,
    HEROKU_RELEASE_CREATED_AT: createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    HEROKU_RELEASE_VERSION: `v${version}`,
    ...(commit === null
      ? {}
      : {
          HEROKU_SLUG_COMMIT: commit,
          HEROKU_SLUG_DESCRIPTION: description,
          HEROKU_BUILD_COMMIT: commit,
          HEROKU_BUILD_DESCRIPTION: description,
        }),
  };
}
