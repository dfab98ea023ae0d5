import { authorizeApp, authorizePipeline } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { deleteReviewApp, onReviewApp } from '../lifecycle/index.ts';
import type { ReviewAppId } from '../model/ids.ts';
import type { ReviewApp } from '../model/review-app.ts';
import type { ApiCall } from './api-call.ts';
import { identityField, integerField, invalidField, objectBody, objectField, stringField } from './body.ts';
import { parsePatch } from './config-vars.ts';
import { withPipeline } from './pipelines.ts';
import { withAccount, withApp, type Routes } from './route.ts';
import { sourceBlobField } from './source-blob.ts';
import { timestamp } from './timestamp.ts';

const apps = { reach: 'apps' } as const;
const maxBranchLength = 250;

/** Made on request from a source blob: there is no git host here that would tell of pull requests. */
export const reviewAppRoutes: Routes = {
  'POST /review-apps': withAccount(createReviewApp, apps),
  'GET /review-apps/:review_app': withAccount(
    async (call) => serializeReviewApp(call, await findReviewApp(call, 'view')),
    apps,
  ),
  'DELETE /review-apps/:review_app': withAccount(async (call) => {
    const reviewApp = await findReviewApp(call, 'owner');
    await deleteReviewApp(reviewApp, call.platform);
    return { ...(await serializeReviewApp(call, reviewApp)), status: 'deleted', app: null };
  }, apps),
  'GET /pipelines/:pipeline/review-apps': withPipeline('owner', async (call, pipeline) => {
    const reviewApps = await call.platform.store.reviewApps.list(pipeline.id);
    return Promise.all(reviewApps.map((reviewApp) => serializeReviewApp(call, reviewApp)));
  }),
  'GET /apps/:app/review-app': withApp('view', async (call, app) => {
    const reviewApp = await call.platform.store.reviewApps.findByApp(app.id);
    if (reviewApp === null) throw notFound();
    return serializeReviewApp(call, reviewApp);
  }),
};

async function createReviewApp(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const { store } = call.platform;
  const branch = stringField(body, 'branch', maxBranchLength) ?? '';
  if (branch.trim() === '' || /\p{Cc}/u.test(branch)) throw invalidField('branch', 'must be the name of a branch');
  const prNumber = integerField(body, 'pr_number') ?? null;
  if (prNumber !== null && (prNumber < 1 || prNumber > 999_999_999)) {
    throw invalidField('pr_number', 'must be a number from 1 to 999999999');
  }
  const pipeline = await authorizePipeline(store, call.account, identityField(body, 'pipeline') ?? '', 'owner');
  const environment = parsePatch(objectField(body, 'environment') ?? {});
  const request = { pipeline, blob: sourceBlobField(body), branch, prNumber, environment };
  const reviewApp = await onReviewApp(request, call.actor, call.platform);
  call.reply.code(202);
  return serializeReviewApp(call, reviewApp);
}

/** The pipeline's owner, and to look at it whoever may view its app. */
async function findReviewApp(call: ApiCall, need: 'view' | 'owner'): Promise<ReviewApp> {
  const { store } = call.platform;
  const reviewApp = await store.reviewApps.findById(call.param('review_app').toLowerCase() as ReviewAppId);
  if (reviewApp === null) throw notFound();
  const pipeline = await authorizePipeline(store, call.account, reviewApp.pipelineId, need);
  const hasAll = pipeline.ownerId === call.account.id || call.account.isOperator;
  if (!hasAll) await authorizeApp(store, call.account, reviewApp.appId, ['view']);
  return reviewApp;
}

function notFound(): PlatformError {
  return new PlatformError('not_found', "Couldn't find that review app.", { resource: 'review_app' });
}

/** A setup that fails takes its app along before it says so: until then it is under way. */
async function serializeReviewApp(call: ApiCall, reviewApp: ReviewApp): Promise<object> {
  const { store } = call.platform;
  const app = await store.apps.findById(reviewApp.appId);
  const setup = await store.appSetups.findById(reviewApp.appSetupId);
  const isErrored = setup?.status === 'failed';
  return {
    id: reviewApp.id,
    status: isErrored ? 'errored' : setup?.status === 'pending' ? 'creating' : app === null ? 'deleted' : 'created',
    error_status: isErrored ? 'errored' : null,
    message: setup === null ? null : [setup.failureMessage, ...setup.manifestErrors].filter(Boolean).join(': ') || null,
    app: app === null || isErrored ? null : { id: app.id },
    app_setup: { id: reviewApp.appSetupId },
    branch: reviewApp.branch,
    pr_number: reviewApp.prNumber,
    fork_repo: null,
    wait_for_ci: false,
    creator: { id: reviewApp.creatorId },
    pipeline: { id: reviewApp.pipelineId },
    created_at: timestamp(reviewApp.createdAt),
    updated_at: timestamp(setup?.updatedAt ?? reviewApp.createdAt),
  };
}
