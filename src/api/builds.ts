import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { Build } from '../model/build.ts';
import type { BuildId, SlugId } from '../model/ids.ts';
import type { Slug } from '../model/slug.ts';
import { describeBuildpack } from './buildpack-installations.ts';
import { withApp, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

/** Builds, and the slugs they made. */
export const buildRoutes: Routes = {
  'GET /apps/:app/builds': withApp('view', async (call, app) => {
    const builds = await call.platform.store.builds.list(app.id);
    const fields = { started_at: (build: Build) => timestamp(build.createdAt), id: (build: Build) => build.id };
    return sendPage(call, builds, fields, (build) => serializeBuild(build, app));
  }),
  'GET /apps/:app/builds/:build': withApp('view', async (call, app) => {
    const build = await call.platform.store.builds.findById(call.param('build') as BuildId);
    if (build?.appId !== app.id)
      throw new PlatformError('not_found', "Couldn't find that build.", { resource: 'build' });
    return serializeBuild(build, app);
  }),
  'GET /apps/:app/slugs/:slug': withApp('deploy', async (call, app) => {
    const slug = await call.platform.store.slugs.findById(call.param('slug') as SlugId);
    if (slug?.appId !== app.id) throw new PlatformError('not_found', "Couldn't find that slug.", { resource: 'slug' });
    return serializeSlug(slug);
  }),
};

function serializeBuild(build: Build, app: App): unknown {
  return {
    id: build.id,
    status: build.status,
    app: { id: app.id },
    buildpacks: build.buildpacks.map(describeBuildpack),
    output_stream_url: null,
    release: build.releaseId === null ? null : { id: build.releaseId },
    slug: build.slugId === null ? null : { id: build.slugId },
    source_blob: { checksum: null, url: null, version: build.commit, version_description: null },
    stack: app.stack,
    user: { id: build.userId, email: build.userEmail },
    created_at: timestamp(build.createdAt),
    updated_at: timestamp(build.updatedAt),
  };
}

function serializeSlug(slug: Slug): unknown {
  return {
    id: slug.id,
    // Empty: slugs can't be fetched through the API.
    blob: { method: 'get', url: '' },
    buildpack_provided_description: slug.buildpackProvidedDescription,
    checksum: `SHA256:${slug.sha256}`,
    commit: slug.commit,
    commit_description: slug.commitDescription,
    process_types: slug.processTypes,
    size: slug.sizeBytes,
    stack: { id: stableId('stack', slug.stack), name: slug.stack },
    created_at: timestamp(slug.createdAt),
    updated_at: timestamp(slug.createdAt),
    deleted_at: null,
  };
}
