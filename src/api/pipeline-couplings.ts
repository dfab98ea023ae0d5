import { authorizeApp, authorizePipeline } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { PipelineCouplingId } from '../model/ids.ts';
import { pipelineStages, type Pipeline, type PipelineCoupling, type PipelineStage } from '../model/pipeline.ts';
import type { ApiCall } from './api-call.ts';
import { identityField, invalidField, objectBody, stringField, type JsonObject } from './body.ts';
import { visibleApps } from './filter-apps.ts';
import { withPipeline } from './pipelines.ts';
import { withAccount, withApp, type Routes } from './route.ts';
import { timestamp } from './timestamp.ts';

const apps = { reach: 'apps' } as const;

/** Who owns the pipeline or may operate the app, changes its coupling; to add an app takes both. */
export const pipelineCouplingRoutes: Routes = {
  'GET /pipeline-couplings': withAccount(listOwn, apps),
  'GET /users/~/pipeline-couplings': withAccount(listOwn, apps),
  'GET /pipelines/:pipeline/pipeline-couplings': withPipeline('view', async (call, pipeline) => {
    const couplings = await visibleCouplings(call, pipeline);
    return Promise.all(couplings.map((coupling) => serializeCoupling(call, coupling)));
  }),
  'GET /apps/:app/pipeline-couplings': withApp('view', async (call, app) => {
    const coupling = await call.platform.store.pipelineCouplings.findByApp(app.id);
    if (coupling === null) throw notFound();
    return serializeCoupling(call, coupling);
  }),
  'POST /pipeline-couplings': withAccount(createCoupling, apps),
  'GET /pipeline-couplings/:coupling': withAccount(
    async (call) => serializeCoupling(call, await findCoupling(call)),
    apps,
  ),
  'PATCH /pipeline-couplings/:coupling': withAccount(async (call) => {
    const coupling = await findToChange(call);
    const stage = stageField(objectBody(call.body)) ?? coupling.stage;
    return serializeCoupling(call, await call.platform.store.pipelineCouplings.update(coupling.id, stage));
  }, apps),
  'DELETE /pipeline-couplings/:coupling': withAccount(async (call) => {
    const coupling = await findToChange(call);
    const serialized = await serializeCoupling(call, coupling);
    await call.platform.store.pipelineCouplings.delete(coupling.id);
    return serialized;
  }, apps),
};

/** Those of the pipeline whose apps the account may see; its owner sees that there are others. */
export async function visibleCouplings(call: ApiCall, pipeline: Pipeline): Promise<readonly PipelineCoupling[]> {
  const couplings = await call.platform.store.pipelineCouplings.list(pipeline.id);
  if (pipeline.ownerId === call.account.id) return couplings;
  const visible = new Set((await visibleApps(call)).map(({ id }) => id));
  return couplings.filter(({ appId }) => visible.has(appId));
}

async function listOwn(call: ApiCall): Promise<unknown> {
  const pipelines = await call.platform.store.pipelines.listAccessible(call.account.id);
  const couplings = await Promise.all(pipelines.map((pipeline) => visibleCouplings(call, pipeline)));
  return Promise.all(couplings.flat().map((coupling) => serializeCoupling(call, coupling)));
}

async function createCoupling(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const { store } = call.platform;
  const stage = stageField(body);
  if (stage === undefined) throw invalidField('stage', `must be one of ${pipelineStages.join(', ')}`);
  const app = await authorizeApp(store, call.account, identityField(body, 'app') ?? '', ['operate']);
  const pipeline = await authorizePipeline(store, call.account, identityField(body, 'pipeline') ?? '', 'owner');
  const coupling = await store.pipelineCouplings.create({ pipelineId: pipeline.id, appId: app.id, stage });
  call.reply.code(201);
  return serializeCoupling(call, coupling);
}

async function findCoupling(call: ApiCall): Promise<PipelineCoupling> {
  const { store } = call.platform;
  const coupling = await store.pipelineCouplings.findById(call.param('coupling').toLowerCase() as PipelineCouplingId);
  const pipeline = coupling === null ? null : await store.pipelines.findById(coupling.pipelineId);
  if (coupling === null || pipeline === null) throw notFound();
  const isVisible = (await visibleCouplings(call, pipeline)).some(({ id }) => id === coupling.id);
  if (!isVisible) throw notFound();
  return coupling;
}

async function findToChange(call: ApiCall): Promise<PipelineCoupling> {
  const { store } = call.platform;
  const coupling = await findCoupling(call);
  const pipeline = await store.pipelines.findById(coupling.pipelineId);
  if (pipeline?.ownerId !== call.account.id) await authorizeApp(store, call.account, coupling.appId, ['operate']);
  return coupling;
}

function stageField(body: JsonObject): PipelineStage | undefined {
  const given = stringField(body, 'stage');
  const stage = pipelineStages.find((known) => known === given);
  if (given !== undefined && stage === undefined) {
    throw invalidField('stage', `must be one of ${pipelineStages.join(', ')}`);
  }
  return stage;
}

function notFound(): PlatformError {
  return new PlatformError('not_found', "Couldn't find that pipeline coupling.", { resource: 'pipeline_coupling' });
}

async function serializeCoupling(call: ApiCall, coupling: PipelineCoupling): Promise<unknown> {
  const pipeline = await call.platform.store.pipelines.findById(coupling.pipelineId);
  return {
    id: coupling.id,
    app: { id: coupling.appId },
    // The name is what the official CLI shows in its messages.
    pipeline: { id: coupling.pipelineId, name: pipeline?.name ?? null },
    stage: coupling.stage,
    created_at: timestamp(coupling.createdAt),
    updated_at: timestamp(coupling.updatedAt),
  };
}
