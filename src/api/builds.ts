import { PlatformError } from '../errors/platform-error.ts';
import { cancelBuild, onBuildRequest } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { Build } from '../model/build.ts';
import type { ApiCall } from './api-call.ts';
import type { Asked } from './base-url.ts';
import type { BuildId } from '../model/ids.ts';
import { invalidField, objectBody, objectsField } from './body.ts';
import { describeBuildpack, maxBuildpacks, referenceField } from './buildpack-installations.ts';
import { withApp, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { streamUrl } from './signed-urls.ts';
import { sourceBlobField } from './source-blob.ts';
import { timestamp } from './timestamp.ts';

/** How long the answer to a cancellation waits for the build's end. */
const cancelWaitMs = 5_000;
const pollMs = 50;
/** Of a build's output, in its result. */
const maxResultBytes = 4 * 1024 * 1024;

export const buildRoutes: Routes = {
  'GET /apps/:app/builds': withApp('view', async (call, app) => {
    const builds = await call.platform.store.builds.list(app.id);
    const fields = { started_at: (build: Build) => timestamp(build.createdAt), id: (build: Build) => build.id };
    return sendPage(call, builds, fields, (build) => serializeBuild(call, build, app));
  }),
  'POST /apps/:app/builds': withApp('deploy', createBuild),
  'GET /apps/:app/builds/:build': withApp('view', async (call, app) =>
    serializeBuild(call, await findBuild(call, app, call.param('build')), app),
  ),
  'GET /apps/:app/builds/:build/result': withApp('view', buildResult),
  'DELETE /apps/:app/builds/:build': withApp('deploy', async (call, app) => {
    const build = await findBuild(call, app, call.param('build'));
    await cancelBuild(app, build, call.actor, call.platform);
    return serializeBuild(call, await untilEnded(call, app, build), app);
  }),
  'DELETE /apps/:app/build-cache': withApp('deploy', async (call, app) => {
    await call.platform.buildTools.caches.remove(app.id);
    return {};
  }),
};

async function createBuild(call: ApiCall, app: App): Promise<unknown> {
  const body = objectBody(call.body);
  const blob = sourceBlobField(body);
  const asked = objectsField(body, 'buildpacks', maxBuildpacks);
  const buildpacks = asked?.map((item) => referenceField(item, item['url'] === undefined ? 'name' : 'url')) ?? null;
  const request = { blob, buildpacks: buildpacks?.length === 0 ? null : buildpacks };
  const build = await onBuildRequest(app, request, call.actor, call.platform);
  call.reply.code(201);
  return serializeBuild(call, build, app);
}

async function findBuild(call: ApiCall, app: App, id: string): Promise<Build> {
  const build = await call.platform.store.builds.findById(id.toLowerCase() as BuildId);
  if (build?.appId === app.id) return build;
  throw new PlatformError('not_found', "Couldn't find that build.", { resource: 'build' });
}

async function untilEnded(call: ApiCall, app: App, build: Build): Promise<Build> {
  const deadline = Date.now() + cancelWaitMs;
  for (;;) {
    const present = await findBuild(call, app, build.id);
    if (present.status !== 'pending' || Date.now() > deadline) return present;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** The lines of a build that has ended; of an older version of the API, and still asked for by clients of that time. */
async function buildResult(call: ApiCall, app: App): Promise<unknown> {
  const build = await findBuild(call, app, call.param('build'));
  if (build.status === 'pending') {
    throw new PlatformError('not_found', 'The build has not ended yet. Read its output_stream_url meanwhile.');
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const reading = await call.platform.streams.read(app.id, build.id, 0, call.platform.closing);
  for await (const chunk of reading?.chunks() ?? []) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > maxResultBytes) throw invalidField('build', 'has too much output for this; read its stream');
  }
  const lines =
    Buffer.concat(chunks)
      .toString()
      .match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return {
    build: { id: build.id, status: build.status, output_stream_url: streamUrl(call, app.id, build.id) },
    exit_code: build.status === 'succeeded' ? 0 : 1,
    lines: lines.map((line) => ({ line, stream: 'STDOUT' })),
  };
}

export function serializeBuild(call: Asked, build: Build, app: App): unknown {
  return {
    id: build.id,
    status: build.status,
    app: { id: app.id },
    buildpacks: build.buildpacks.map(describeBuildpack),
    output_stream_url: streamUrl(call, app.id, build.id),
    release: build.releaseId === null ? null : { id: build.releaseId },
    slug: build.slugId === null ? null : { id: build.slugId },
    source_blob: serializeSource(call, build, app),
    stack: app.stack,
    user: { id: build.userId, email: build.userEmail },
    created_at: timestamp(build.createdAt),
    updated_at: timestamp(build.updatedAt),
  };
}

/** The source of a push is in the app's repository, and nowhere else. */
function serializeSource({ platform }: Asked, { source, commit }: Build, app: App): unknown {
  if (source === null) {
    return { checksum: null, url: platform.urls.git(app.name), version: commit, version_description: null };
  }
  return {
    checksum: source.checksum === null ? null : `SHA256:${source.checksum}`,
    url: source.url,
    version: source.version,
    version_description: source.versionDescription,
  };
}
