import { PlatformError } from '../errors/platform-error.ts';
import { exhaustive } from '../lib/exhaustive.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Pipeline, PipelinePromotion, PromotionTarget } from '../model/pipeline.ts';
import type { Release } from '../model/release.ts';
import { launch } from './launch.ts';
import { describeBootFailure, type LaunchOutcome } from './launch-outcome.ts';
import { outcomeOfNewer } from './outcome-of-newer.ts';
import type { Platform } from './platform.ts';
import { releaseSlug, withStoredSlug } from './release-slug.ts';

export interface PromotionRequest {
  readonly pipeline: Pipeline;
  readonly source: App;
  /** Null: what runs now. */
  readonly release: Release | null;
  readonly targets: readonly App[];
}

const keptOld = 'The release before it keeps running.';

/**
 * Releases the very slug of the source's release to each target, with the target's own config vars, release phase and
 * formation. Resolves once promotion and releases are there, all or none; they are launched in the background.
 * Source: https://devcenter.heroku.com/articles/pipelines#promoting
 */
export async function onPromotion(
  { pipeline, source, release: asked, targets }: PromotionRequest,
  actor: Actor,
  platform: Platform,
): Promise<PipelinePromotion> {
  const release = asked ?? (await platform.store.releases.findCurrent(source.id));
  const slug = release?.slug;
  if (release === null || slug === null || slug === undefined) {
    throw new PlatformError(
      'invalid_params',
      `Nothing was deployed to ${source.name} yet. Deploy to it, then promote.`,
    );
  }
  if (release.status !== 'succeeded') {
    throw new PlatformError('invalid_params', `Can't promote v${release.version}: that release is ${release.status}.`);
  }
  const description = describePromotion(source, release);
  const { promotion, launches } = await withStoredSlug(slug, platform, () =>
    platform.store.transaction(async (tx) => {
      const launches: { readonly app: App; readonly release: Release }[] = [];
      for (const app of targets) {
        launches.push({ app, release: await releaseSlug(app, slug, description, actor, tx, platform) });
      }
      const promotion = await tx.pipelinePromotions.create({
        pipelineId: pipeline.id,
        sourceAppId: source.id,
        sourceReleaseId: release.id,
        targets: launches.map((item) => ({ appId: item.app.id, releaseId: item.release.id })),
      });
      return { promotion, launches };
    }),
  );
  const records = await platform.store.pipelinePromotions.listTargets(promotion.id);
  for (const { app, release: promoted } of launches) {
    const record = records.find(({ releaseId }) => releaseId === promoted.id);
    if (record === undefined) continue; // The pipeline was destroyed just now; its apps have their releases.
    platform.inBackground('launch of a promotion', promote(record, app, promoted, actor, platform));
  }
  return promotion;
}

/** For the start, after settleInterrupted: targets whose releases the last platform process did not bring to an end. */
export async function settleInterruptedPromotions(platform: Platform): Promise<void> {
  const { pipelinePromotions, releases } = platform.store;
  for (const target of await pipelinePromotions.listPendingTargets()) {
    const release = await releases.findById(target.releaseId);
    if (release?.status === 'succeeded') {
      await pipelinePromotions.finishTarget(target.id, { status: 'succeeded', errorMessage: null });
    } else {
      const errorMessage =
        release === null
          ? 'The app was destroyed during the promotion.'
          : `The platform was stopped before release v${release.version} was live. ${keptOld} Promote again.`;
      await pipelinePromotions.finishTarget(target.id, { status: 'failed', errorMessage });
    }
  }
}

/** `Promote myapp-staging v6 0f0a53b1` */
function describePromotion(source: App, { version, slug }: Release): string {
  const commit = slug?.commit ?? '';
  const short = /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit) ? commit.slice(0, 8) : commit;
  return `Promote ${source.name} v${version} ${short}`.trim();
}

async function promote(
  target: PromotionTarget,
  app: App,
  release: Release,
  actor: Actor,
  platform: Platform,
): Promise<void> {
  const finish = (errorMessage: string | null): Promise<void> =>
    platform.store.pipelinePromotions.finishTarget(target.id, {
      status: errorMessage === null ? 'succeeded' : 'failed',
      errorMessage,
    });
  try {
    const outcome = await launch(app, release, actor, platform);
    // At a shutdown the next start decides.
    if (platform.closing.aborted && outcome.status === 'superseded') return;
    await finish(await describeFailure(release, outcome, platform));
  } catch (error) {
    if (platform.closing.aborted) return;
    const isGone = (await platform.store.apps.findById(app.id)) === null;
    await finish(
      isGone
        ? 'The app was destroyed during the promotion.'
        : `Release v${release.version} failed: an error of the platform; its operator finds the cause in its log.`,
    );
    if (!isGone) throw error;
  }
}

/** Null: the slug runs, or would if nothing newer did. */
async function describeFailure(release: Release, outcome: LaunchOutcome, platform: Platform): Promise<string | null> {
  const failed = `Release v${release.version} failed:`;
  switch (outcome.status) {
    // As for a push, a crash is none: the release is in place, and the app's log and `heroku ps` tell of its dynos.
    case 'live':
    case 'crashed':
      return null;
    case 'release-phase-failed':
      return `${failed} ${outcome.why}. ${keptOld} Read its output with heroku releases:output, correct it and promote again.`;
    case 'kept-old':
      return `${failed} ${describeBootFailure(outcome)}. ${keptOld} Read its log with heroku logs, correct it and promote again.`;
    case 'cancelled':
      return outcome.isCurrent ? null : `${failed} it was cancelled. ${keptOld} Promote again.`;
    case 'superseded': {
      const newer = await outcomeOfNewer(release, platform);
      if (newer?.outcome.status === 'live' || newer?.outcome.status === 'crashed') return null;
      if (newer === null) return `${failed} the app was destroyed during the promotion.`;
      return `Release v${release.version} was given up for v${newer.release.version}, which failed. Promote again.`;
    }
    default:
      return exhaustive(outcome);
  }
}
