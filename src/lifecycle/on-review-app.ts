import { randomBytes } from 'node:crypto';
import { applyPatch } from '../config-vars/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { SourceBlob } from '../model/build.ts';
import type { Pipeline } from '../model/pipeline.ts';
import type { ReviewApp } from '../model/review-app.ts';
import type { Queries } from '../store/index.ts';
import { destroyApp } from './destroy-app.ts';
import { onAppSetup } from './on-app-setup.ts';
import { readPipelineConfig } from './pipeline-config-vars.ts';
import type { Platform } from './platform.ts';

export interface ReviewAppRequest {
  readonly pipeline: Pipeline;
  readonly blob: SourceBlob;
  readonly branch: string;
  readonly prNumber: number | null;
  /** Over the config vars of the pipeline's stage `review`. */
  readonly environment: Readonly<Record<string, string | null>>;
}

const maxNameLength = 30;

/**
 * Makes an app of the stage `review` from a source with an `app.json`, as an app setup does. Resolves once the records are
 * there; the rest goes on in the background. Throws `conflict` while the branch has a review app.
 */
export async function onReviewApp(request: ReviewAppRequest, actor: Actor, platform: Platform): Promise<ReviewApp> {
  const { pipeline, branch, prNumber } = request;
  await refuseSecond(request, platform.store);
  const config = await platform.store.reviewApps.readConfig(pipeline.id);
  const name = await freeName(config?.baseName ?? pipeline.name, prNumber, platform);
  const stage = await readPipelineConfig(pipeline.id, 'review', platform);
  const { vars } = applyPatch(stage, {
    ...request.environment,
    HEROKU_APP_NAME: name,
    HEROKU_BRANCH: branch,
    ...(prNumber === null ? {} : { HEROKU_PR_NUMBER: String(prNumber) }),
  });
  const setup = {
    blob: request.blob,
    app: { name },
    overrides: { env: vars, buildpacks: null },
    environment: 'review',
  } as const;
  let created: ReviewApp | undefined;
  await onAppSetup(setup, actor, platform, async ({ id, appId }, tx) => {
    // Another request may have been quicker.
    await refuseSecond(request, tx);
    await tx.pipelineCouplings.create({ pipelineId: pipeline.id, appId, stage: 'review' });
    const { accountId: creatorId } = actor;
    created = await tx.reviewApps.create({
      pipelineId: pipeline.id,
      appId,
      appSetupId: id,
      creatorId,
      branch,
      prNumber,
    });
  });
  if (created === undefined) throw new Error('Internal: a review app without a record');
  return created;
}

/** The app goes first: of a crash in between a record without its app is left, which can be deleted again. */
export async function deleteReviewApp(reviewApp: ReviewApp, platform: Platform): Promise<void> {
  const app = await platform.store.apps.findById(reviewApp.appId);
  if (app !== null) await destroyApp(app, platform);
  await platform.store.reviewApps.delete(reviewApp.id);
}

async function refuseSecond(
  { pipeline, branch }: ReviewAppRequest,
  { reviewApps, apps }: Pick<Queries, 'reviewApps' | 'apps'>,
): Promise<void> {
  for (const { appId, branch: other } of await reviewApps.list(pipeline.id)) {
    const app = other === branch ? await apps.findById(appId) : null;
    if (app === null) continue;
    throw new PlatformError('conflict', `The branch has the review app ${app.name} already. Delete it first.`);
  }
}

/** `shop-pr-24`, `shop-pr-24-3fa2c1`, `shop-3fa2c1`: the base is cut to make room. */
async function freeName(base: string, prNumber: number | null, platform: Platform): Promise<string> {
  const random = `-${randomBytes(3).toString('hex')}`;
  const tail = prNumber === null ? random : `-pr-${prNumber}`;
  const named = (end: string): string => base.slice(0, maxNameLength - end.length).replace(/-+$/, '') + end;
  const isTaken = (await platform.store.apps.findByName(named(tail))) !== null;
  return isTaken ? named(`${tail}${random}`) : named(tail);
}
