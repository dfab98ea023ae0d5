import { PlatformError } from '../errors/platform-error.ts';
import { authorizeApp } from '../app/index.ts';
import { cancelLaunch, hasReleasePhase, onRollback, onSlugRelease, type Platform } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { ReleaseId, SlugId } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import type { ApiCall } from './api-call.ts';
import type { Asked } from './base-url.ts';
import type { Slug } from '../model/slug.ts';
import { identityField, integerField, invalidField, objectBody } from './body.ts';
import { streamUrl } from './signed-urls.ts';
import { lineField } from './source-blob.ts';
import { withApp, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { timestamp } from './timestamp.ts';

export const releaseRoutes: Routes = {
  'GET /apps/:app/releases': withApp('view', async (call, app) => {
    const releases = await call.platform.store.releases.list(app.id);
    const current = await call.platform.store.releases.findCurrent(app.id);
    const fields = { version: (release: Release) => release.version, id: (release: Release) => release.id };
    return sendPage(call, releases, fields, (release) => serializeRelease(call, release, app, current));
  }),
  'GET /apps/:app/releases/:release': withApp('view', async (call, app) => {
    const release = await findRelease(app, call.param('release'), call.platform);
    return serializeRelease(call, release, app, await call.platform.store.releases.findCurrent(app.id));
  }),
  'POST /apps/:app/releases': withApp(['deploy', 'operate'], createFrom),
  // Our own: ends a release command or a roll-out that goes on.
  'DELETE /apps/:app/releases/:release': withApp(['deploy', 'operate'], async (call, app) => {
    const { platform, actor } = call;
    const release = await findRelease(app, call.param('release'), platform);
    await cancelLaunch(app, release.id, actor, platform);
    const [after, current] = await Promise.all([
      platform.store.releases.findById(release.id),
      platform.store.releases.findCurrent(app.id),
    ]);
    return serializeRelease(call, after ?? release, app, current);
  }),
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

/** From a slug (a deploy, or a retry), or from an older release (a rollback). */
async function createFrom(call: ApiCall, app: App): Promise<unknown> {
  const body = objectBody(call.body);
  const which = typeof body['release'] === 'number' ? integerField(body, 'release') : identityField(body, 'release');
  const slugId = identityField(body, 'slug');
  const { platform, actor } = call;
  let release: Release;
  if (which !== undefined) {
    release = await onRollback(app, await findRelease(app, String(which), platform), actor, platform);
  } else if (slugId !== undefined) {
    const slug = await findSlug(call, slugId.toLowerCase() as SlugId);
    release = await onSlugRelease(app, slug, lineField(body, 'description', 2000), actor, platform);
  } else {
    throw invalidField('slug', 'must be the id of a slug to deploy; or give the release to roll back to as `release`');
  }
  call.reply.code(201);
  return serializeRelease(call, release, app, await platform.store.releases.findCurrent(app.id));
}

/** Of any app that the account may see. */
async function findSlug({ platform, account }: ApiCall, id: SlugId): Promise<Slug> {
  const slug = await platform.store.slugs.findById(id);
  if (slug !== null) {
    await authorizeApp(platform.store, account, slug.appId, ['deploy', 'operate']);
    return slug;
  }
  if ((await platform.store.slugs.findDraft(id)) !== null) {
    throw new PlatformError('invalid_params', 'This slug is not uploaded yet. Send its tarball to its blob URL first.');
  }
  throw new PlatformError('not_found', "Couldn't find that slug.", { resource: 'slug' });
}

export function serializeRelease(call: Asked, release: Release, app: App, current: Release | null): unknown {
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
    output_stream_url: hasReleasePhase(release) ? streamUrl(call, app.id, release.id) : null,
    user: { id: release.userId, email: release.userEmail },
    created_at: timestamp(release.createdAt),
    updated_at: timestamp(release.updatedAt),
  };
}
