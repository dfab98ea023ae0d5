import { authorizePipeline } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { changePipelineConfig, readPipelineConfig } from '../lifecycle/index.ts';
import type { AccountId } from '../model/ids.ts';
import type { Pipeline, PipelineStage } from '../model/pipeline.ts';
import type { ApiCall } from './api-call.ts';
import { identityField, invalidField, objectBody, objectField, stringField, type JsonObject } from './body.ts';
import { parsePatch } from './config-vars.ts';
import { withAccount, type Route, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

const apps = { reach: 'apps' } as const;
const configVars = { reach: 'config-vars' } as const;

export const pipelineRoutes: Routes = {
  'GET /pipelines': withAccount(listPipelines, apps),
  'POST /pipelines': withAccount(createPipeline, apps),
  'GET /pipelines/:pipeline': withPipeline('view', (_call, pipeline) => serializePipeline(pipeline)),
  'PATCH /pipelines/:pipeline': withPipeline('owner', async (call, pipeline) => {
    const name = nameField(objectBody(call.body)) ?? pipeline.name;
    return serializePipeline(await call.platform.store.pipelines.update(pipeline.id, { name }));
  }),
  'DELETE /pipelines/:pipeline': withPipeline('owner', async (call, pipeline) => {
    await call.platform.store.pipelines.delete(pipeline.id);
    return serializePipeline(pipeline);
  }),
  'GET /pipelines/:pipeline/pipeline-stack': withPipeline('view', async ({ platform }, { id }) => {
    const isEmpty = (await platform.store.pipelineCouplings.list(id)).length === 0;
    return { stack: isEmpty ? null : { id: stableId('stack', platform.stack), name: platform.stack } };
  }),
  'GET /pipelines/:pipeline/stage/:stage/config-vars': withPipeline(
    'owner',
    (call, { id }) => readPipelineConfig(id, configStage(call), call.platform),
    configVars,
  ),
  'PATCH /pipelines/:pipeline/stage/:stage/config-vars': withPipeline(
    'owner',
    (call, { id }) => changePipelineConfig(id, configStage(call), parsePatch(call.body), call.platform),
    configVars,
  ),
  // There is no CI here: no test was ever run.
  'GET /pipelines/:pipeline/test-runs': withPipeline('view', () => []),
  // Its config vars go along, so that it asks for more than a change of apps.
  'POST /pipeline-transfers': withAccount(transferPipeline),
};

/** The pipeline in the path, by name or id, if the account may do this with it. */
export function withPipeline(
  need: 'view' | 'owner',
  handler: (call: ApiCall, pipeline: Pipeline) => unknown,
  scope: { readonly reach: 'apps' | 'config-vars' } = apps,
): Route {
  return withAccount(async (call) => {
    const pipeline = await authorizePipeline(call.platform.store, call.account, call.param('pipeline'), need);
    return handler(call, pipeline);
  }, scope);
}

async function listPipelines(call: ApiCall): Promise<unknown> {
  const wanted = call.query('eq[name]');
  const all = await call.platform.store.pipelines.listAccessible(call.account.id);
  const pipelines = all.filter(({ name }) => wanted === undefined || name === wanted);
  const fields = { id: ({ id }: Pipeline) => id, name: ({ name }: Pipeline) => name };
  return sendPage(call, pipelines, fields, serializePipeline);
}

async function createPipeline(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const name = nameField(body);
  if (name === undefined) throw invalidField('name', 'must be given');
  const owner = objectField(body, 'owner');
  if (owner !== undefined && ownerField(owner, 'owner') !== call.account.id) {
    throw invalidField('owner', 'must be your own account; create the pipeline, then transfer it');
  }
  const pipeline = await call.platform.store.pipelines.create({ name, ownerId: call.account.id });
  call.reply.code(201);
  return serializePipeline(pipeline);
}

async function transferPipeline(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const { store } = call.platform;
  const pipeline = await authorizePipeline(store, call.account, identityField(body, 'pipeline') ?? '', 'owner');
  const id = ownerField(objectField(body, 'new_owner') ?? {}, 'new_owner');
  if ((await store.accounts.findById(id)) === null) {
    throw new PlatformError('not_found', "Couldn't find that account.", { resource: 'account' });
  }
  await store.pipelines.update(pipeline.id, { ownerId: id });
  call.reply.code(201);
  return {
    pipeline: { id: pipeline.id },
    previous_owner: { id: pipeline.ownerId, type: 'user' },
    new_owner: { id, type: 'user' },
  };
}

function ownerField(owner: JsonObject, field: string): AccountId {
  if ((stringField(owner, 'type') ?? 'user') !== 'user') {
    throw invalidField(`${field}.type`, 'must be user: there are no teams here');
  }
  const id = stringField(owner, 'id');
  if (id === undefined) throw invalidField(`${field}.id`, 'must be the id of an account');
  return id.toLowerCase() as AccountId;
}

/** Source: Platform API schema, pipeline name. */
function nameField(body: JsonObject): string | undefined {
  const name = stringField(body, 'name');
  if (name === undefined || /^[a-z][a-z0-9-]{2,29}$/.test(name)) return name;
  throw invalidField('name', 'must have 3 to 30 lower-case letters, digits and hyphens, and begin with a letter');
}

/** The apps of the other stages have config vars of their own. */
function configStage(call: ApiCall): PipelineStage {
  const stage = call.param('stage');
  if (stage === 'test' || stage === 'review') return stage;
  throw invalidField('stage', 'must be test or review: apps of other stages have config vars of their own');
}

function serializePipeline(pipeline: Pipeline): unknown {
  return {
    id: pipeline.id,
    name: pipeline.name,
    owner: { id: pipeline.ownerId, type: 'user' },
    generation: { id: stableId('generation', 'cedar'), name: 'cedar' },
    created_at: timestamp(pipeline.createdAt),
    updated_at: timestamp(pipeline.updatedAt),
  };
}
