import { PlatformError } from '../errors/platform-error.ts';
import { onRollback, type Platform } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { ReleaseId } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import type { ApiCall } from './api-call.ts';
import { identityField, integerField, invalidField, objectBody } from './body.ts';
import { withApp, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { timestamp } from './timestamp.ts';

export const releaseRoutes: Routes = {
  'GET /apps/:app/releases': withApp('view', async (call, app) => {
    const releases = await call.platform.store.releases.list(app.id);
    const current = await call.platform.store.releases.findCurrent(app.id);
    const fields = { version: (release: Release) => release.version, id: (release: Release) => release.id };
    return sendPage(call, releases, fields, (release) => serializeRelease(release, app, current));
  }),
  'GET /apps/:app/releases/:release': withApp('view', async (call, app) => {
    const release = await findRelease(app, call.param('release'), call.platform);
    return serializeRelease(release, app, await call.platform.store.releases.findCurrent(app.id));
  }),
  'POST /apps/:app/releases': withApp(['deploy', 'operate'], rollBack),
};

/** By version (`12`, `v12`) or id. Throws `not_found`. */
export async function findRelease(app: App, which: string, platform: Platform): Promise<Release> {
  const version = /^v?(\d{1,9})$/i.exec(which)?.[1];
  const { releases } = platform.store;
  const release =
    version === undefined
      ? await releases.findById(which.toLowerCase() as ReleaseId)
      : await releases.findByVersion(app.id, Number(version));
  if (release === null || release.appId !== app.id) {
    throw new PlatformError('not_found', "Couldn't find that release.", { resource: 'release' });
  }
  return release;
}

async function rollBack(call: ApiCall, app: App): Promise<unknown> {
  const body = objectBody(call.body);
  const which = typeof body['release'] === 'number' ? integerField(body, 'release') : identityField(body, 'release');
  if (which === undefined) {
    if (body['slug'] !== undefined) {
      throw new PlatformError(
        'invalid_params',
        'Releasing a slug through the API is not possible here. Push the code, or roll back to a release by giving its id or version as `release`.',
      );
    }
    throw invalidField('release', 'must be the id or the version of the release to roll back to');
  }
  const target = await findRelease(app, String(which), call.platform);
  const release = await onRollback(app, target, call.actor, call.platform);
  call.reply.code(201);
  return serializeRelease(release, app, await call.platform.store.releases.findCurrent(app.id));
}

function serializeRelease(release: Release, app: App, current: Release | null): unknown {
  return {
    id: release.id,
    version: release.version,
    description: release.description,
    status: release.status,
    current: release.id === current?.id,
    eligible_for_rollback: release.status === 'succeeded' && release.slug !== null,
    app: { id: app.id, name: app.name },
    slug: release.slug === null ? null : { id: release.slug.id },
    oci_image: null,
    artifacts: release.slug === null ? [] : [{ type: 'slug', id: release.slug.id }],
    addon_plan_names: [],
    output_stream_url: null,
    user: { id: release.userId, email: release.userEmail },
    created_at: timestamp(release.createdAt),
    updated_at: timestamp(release.updatedAt),
  };
}
