import { PlatformError } from '../errors/platform-error.ts';
import type { Pipeline } from '../model/pipeline.ts';
import type { ReviewAppConfig } from '../model/review-app.ts';
import type { ApiCall } from './api-call.ts';
import { booleanField, invalidField, objectBody, stringField, type JsonObject } from './body.ts';
import { withPipeline } from './pipelines.ts';
import type { Routes } from './route.ts';

/** What would need a git host, or CI, is refused: nothing here would do it. */
export const reviewAppConfigRoutes: Routes = {
  'GET /pipelines/:pipeline/review-app-config': withPipeline('view', async (call, pipeline) =>
    serializeConfig(pipeline, await readConfig(call, pipeline)),
  ),
  'POST /pipelines/:pipeline/review-app-config': withPipeline('owner', async (call, pipeline) => {
    if ((await call.platform.store.reviewApps.readConfig(pipeline.id)) !== null) {
      throw new PlatformError('conflict', 'Review apps are enabled for this pipeline already. Change their config.');
    }
    const body = objectBody(call.body);
    const repo = stringField(body, 'repo', 200) ?? '';
    const config = { repo, baseName: baseNameOf(body) ?? null };
    await call.platform.store.reviewApps.writeConfig(pipeline.id, config);
    call.reply.code(201);
    return serializeConfig(pipeline, config);
  }),
  'PATCH /pipelines/:pipeline/review-app-config': withPipeline('owner', async (call, pipeline) => {
    const before = await readConfig(call, pipeline);
    const config = { ...before, baseName: baseNameOf(objectBody(call.body)) ?? before.baseName };
    await call.platform.store.reviewApps.writeConfig(pipeline.id, config);
    return serializeConfig(pipeline, config);
  }),
  'DELETE /pipelines/:pipeline/review-app-config': withPipeline('owner', async (call, pipeline) => {
    const config = await readConfig(call, pipeline);
    await call.platform.store.reviewApps.writeConfig(pipeline.id, null);
    return serializeConfig(pipeline, config);
  }),
};

async function readConfig(call: ApiCall, { id }: Pipeline): Promise<ReviewAppConfig> {
  const config = await call.platform.store.reviewApps.readConfig(id);
  if (config !== null) return config;
  throw new PlatformError('not_found', 'Review apps are not enabled for this pipeline.', {
    resource: 'review_app_config',
  });
}

function baseNameOf(body: JsonObject): string | undefined {
  for (const field of ['automatic_review_apps', 'destroy_stale_apps', 'wait_for_ci']) {
    if (booleanField(body, field) === true) {
      throw invalidField(field, 'must be false: this platform has no git host and no CI that would tell of it');
    }
  }
  const name = stringField(body, 'base_name');
  if (name === undefined || /^[a-z][a-z0-9-]{2,29}$/.test(name)) return name;
  throw invalidField('base_name', 'must have 3 to 30 lower-case letters, digits and hyphens, and begin with a letter');
}

function serializeConfig(pipeline: Pipeline, { repo, baseName }: ReviewAppConfig): unknown {
  return {
    pipeline_id: pipeline.id,
    // No git host has given it a number.
    repo: { id: 0, full_name: repo },
    base_name: baseName,
    automatic_review_apps: false,
    destroy_stale_apps: false,
    stale_days: 5,
    wait_for_ci: false,
    deploy_target: null,
  };
}
