import { authorizeApp, authorizePipeline } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { onPromotion } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import type { PipelinePromotionId } from '../model/ids.ts';
import type { Pipeline, PipelinePromotion, PromotionTarget } from '../model/pipeline.ts';
import type { ApiCall } from './api-call.ts';
import { identityField, invalidField, objectBody, objectField, objectsField } from './body.ts';
import { findRelease } from './releases.ts';
import { withAccount, type Routes } from './route.ts';
import { timestamp } from './timestamp.ts';

const maxTargets = 100;
const apps = { reach: 'apps' } as const;

export const pipelinePromotionRoutes: Routes = {
  'POST /pipeline-promotions': withAccount(createPromotion, apps),
  'GET /pipeline-promotions/:promotion': withAccount(
    async (call) => serializePromotion(await findPromotion(call)),
    apps,
  ),
  'GET /pipeline-promotions/:promotion/promotion-targets': withAccount(async (call) => {
    const { id } = await findPromotion(call);
    return (await call.platform.store.pipelinePromotions.listTargets(id)).map(serializeTarget);
  }, apps),
};

/** The account needs the permission `deploy` on the source, whose code it hands on, and on every target. */
async function createPromotion(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const { store } = call.platform;
  const pipeline = await authorizePipeline(store, call.account, identityField(body, 'pipeline') ?? '', 'view');
  const from = objectField(body, 'source') ?? {};
  const source = await findMember(call, pipeline, identityField(from, 'app'), 'source.app');
  const which = identityField(from, 'release');
  const release = which === undefined ? null : await findRelease(source, which, call.platform);

  const wanted = objectsField(body, 'targets', maxTargets) ?? [];
  if (wanted.length === 0) throw invalidField('targets', 'must list at least one app to promote to');
  const targets: App[] = [];
  for (const [index, target] of wanted.entries()) {
    const app = await findMember(call, pipeline, identityField(target, 'app'), `targets[${index}].app`);
    if (app.id === source.id) throw invalidField(`targets[${index}].app`, 'must be another app than the source');
    if (!targets.some(({ id }) => id === app.id)) targets.push(app);
  }
  const promotion = await onPromotion({ pipeline, source, release, targets }, call.actor, call.platform);
  call.reply.code(201);
  return serializePromotion(promotion);
}

async function findMember(call: ApiCall, pipeline: Pipeline, which: string | undefined, field: string): Promise<App> {
  if (which === undefined) throw invalidField(field, 'must be the id of an app of the pipeline');
  const { store } = call.platform;
  const app = await authorizeApp(store, call.account, which, ['deploy']);
  const coupling = await store.pipelineCouplings.findByApp(app.id);
  if (coupling?.pipelineId === pipeline.id) return app;
  throw invalidField(field, `must be an app of the pipeline ${pipeline.name}; add ${app.name} to it first`);
}

async function findPromotion(call: ApiCall): Promise<PipelinePromotion> {
  const { store } = call.platform;
  const id = call.param('promotion').toLowerCase() as PipelinePromotionId;
  const promotion = await store.pipelinePromotions.findById(id);
  if (promotion !== null) {
    await authorizePipeline(store, call.account, promotion.pipelineId, 'view');
    return promotion;
  }
  throw new PlatformError('not_found', "Couldn't find that pipeline promotion.", { resource: 'pipeline_promotion' });
}

function serializePromotion(promotion: PipelinePromotion): unknown {
  return {
    id: promotion.id,
    pipeline: { id: promotion.pipelineId },
    source: { app: { id: promotion.sourceAppId }, release: { id: promotion.sourceReleaseId } },
    status: promotion.status,
    created_at: timestamp(promotion.createdAt),
    updated_at: timestamp(promotion.updatedAt),
  };
}

function serializeTarget(target: PromotionTarget): unknown {
  return {
    id: target.id,
    app: { id: target.appId },
    release: { id: target.releaseId },
    pipeline_promotion: { id: target.promotionId },
    status: target.status,
    error_message: target.errorMessage,
  };
}
