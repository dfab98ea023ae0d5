import { join } from 'node:path';
import { build, failureLines } from '../build/index.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Build, BuildFailure, BuildOutput, BuiltSlug, SourceTree } from '../model/build.ts';
import type { Release } from '../model/release.ts';
import type { Slug } from '../model/slug.ts';
import { createRelease } from '../release/index.ts';
import { logApiEvent } from './api-event.ts';
import { announceLaunch, announceNewer, announceOutcome } from './announce-launch.ts';
import { describeDeploy } from './describe-deploy.ts';
import { setFirstDeployVars } from './first-deploy-vars.ts';
import type { LaunchOutcome } from './launch-outcome.ts';
import { initialStatus, launch } from './launch.ts';
import { openLine } from './open-line.ts';
import { outcomeOfNewer } from './outcome-of-newer.ts';
import type { Platform } from './platform.ts';

/** What is deployed, and how its files are got. */
export interface SourceOrigin {
  /** A commit, or whatever its client calls it. */
  readonly version: string | null;
  /** For this build only; null: those that the app is set to. */
  readonly buildpacks: readonly string[] | null;
  /** Writes the files into `dir`, which does not exist yet. After a failure there is nothing left. */
  open(dir: string, output: BuildOutput, signal: AbortSignal): Promise<OpenedSource>;
  /** Of the slug: `Ada: Add a button`. */
  describe(): Promise<string | null>;
}

export type OpenedSource =
  | { readonly status: 'exported'; readonly source: SourceTree }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

/** A build that has its record, and its turn among the app's builds. */
export interface Deploy {
  readonly app: App;
  readonly actor: Actor;
  readonly record: Build;
  readonly origin: SourceOrigin;
  readonly output: BuildOutput;
  /** Ends the build; a launch that has begun goes on. */
  readonly signal: AbortSignal;
  /** True when the app is being destroyed. */
  readonly isAppGone: () => boolean;
}

export type DeployOutcome =
  | { readonly status: 'app-destroyed' }
  | { readonly status: 'build-failed'; readonly failure: BuildFailure }
  /** `isAccepted` is false when what ran before still runs, although a dyno was started. */
  | { readonly status: 'launched'; readonly isAccepted: boolean; readonly launch: LaunchOutcome };

/**
 * What every deploy has in common, whoever asked for it: source, build, slug, release, launch, and the words for each.
 * When it throws, the build is marked failed.
 */
export async function deploySource(deploy: Deploy, platform: Platform): Promise<DeployOutcome> {
  logApiEvent(deploy.app.id, 'Build started', deploy.actor, platform);
  try {
    return await buildAndLaunch(deploy, platform);
  } catch (error) {
    await failBuild(deploy.record, platform);
    throw error;
  } finally {
    platform.disk.touched(deploy.app);
  }
}

/** The build is gone with its app when that was destroyed meanwhile; one that succeeded stays so when its launch fails. */
export async function failBuild(record: Build, platform: Platform): Promise<void> {
  const found = await platform.store.builds.findById(record.id);
  if (found?.status === 'pending') await platform.store.builds.finish(record.id, { status: 'failed' });
}

async function buildAndLaunch(deploy: Deploy, platform: Platform): Promise<DeployOutcome> {
  const { app, actor, record, output } = deploy;
  const slot = await takeSlot(deploy, platform);
  const startedAt = performance.now();
  const built = await buildSource(deploy, platform).finally(() => {
    slot[Symbol.dispose]();
  });
  platform.metrics.buildEnded(built.status, performance.now() - startedAt);
  if (built.status === 'failed') {
    await failBuild(record, platform);
    logApiEvent(app.id, 'Build failed', actor, platform);
    for (const line of failureLines(built.failure)) output.write(`${line}\n`);
    return { status: 'build-failed', failure: built.failure };
  }

  const release = await storeRelease(deploy, built.slug, platform);
  logApiEvent(app.id, 'Build succeeded', actor, platform);
  announceLaunch(app, release, platform, output);
  const outcome = await launch(app, release, actor, platform, output);
  const newer = outcome.status === 'superseded' ? await outcomeOfNewer(release, platform) : null;
  if (deploy.isAppGone()) return { status: 'app-destroyed' };
  const isAccepted =
    newer === null
      ? announceOutcome(app, release, outcome, platform, output)
      : announceNewer(app, release, newer, platform, output);
  return { status: 'launched', isAccepted, launch: outcome };
}

type BuildSourceOutcome =
  | { readonly status: 'succeeded'; readonly slug: BuiltSlug }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

/** Many builds at once would take each other's memory and processors, and those of running apps. */
function takeSlot({ actor, output, signal }: Deploy, { buildSlots }: Platform): Promise<Disposable> {
  return buildSlots.take(actor.accountId, signal, () => {
    const { taken, waiting } = buildSlots;
    const others = waiting === 0 ? '' : ` and ${waiting} more ${waiting === 1 ? 'waits' : 'wait'}`;
    output.write(`Waiting for a build to end: ${taken} are under way, as many as may be at once,${others}...\n`);
  });
}

async function buildSource(deploy: Deploy, platform: Platform): Promise<BuildSourceOutcome> {
  const lastSlug = (await platform.store.releases.findCurrent(deploy.app.id))?.slug ?? null;
  const space = await platform.disk.admit({ id: deploy.record.id, lastSlug, signal: deploy.signal });
  if (space.status === 'short') return { status: 'failed', failure: { reason: 'short-of-space', shortage: space } };
  try {
    return await buildWithin(deploy, lastSlug, platform);
  } finally {
    space[Symbol.dispose]();
  }
}

async function buildWithin(deploy: Deploy, lastSlug: Slug | null, platform: Platform): Promise<BuildSourceOutcome> {
  const { app, record, origin, output, signal } = deploy;
  const compressing = openLine('Compressing source files... ', output);
  const dir = join(platform.buildTools.workDir, `${record.id}.source`);
  const opened = await origin.open(dir, compressing, signal);
  compressing.end(opened.status === 'failed' ? '' : 'done.');
  if (opened.status === 'failed') return opened;
  output.write('Building source:\n\n');

  await using source = opened.source;
  return await build(
    {
      buildId: record.id,
      app,
      source,
      version: origin.version,
      lastSlug: lastSlug?.sha256 ?? null,
      configVars: await platform.configVars.read(app.id),
      buildpacks: origin.buildpacks ?? (await platform.store.apps.listBuildpacks(app.id)),
      limits: {
        timeoutMs: platform.limits.buildTimeoutMs,
        slugMaxBytes: platform.limits.slugMaxBytes,
        slugSoftBytes: platform.limits.slugSoftBytes,
      },
      signal,
    },
    platform.buildTools,
    output,
  );
}

/** The slug is kept for its release; one that comes to none, because the app is gone, is nobody's. */
async function storeRelease(deploy: Deploy, built: BuiltSlug, platform: Platform): Promise<Release> {
  const { app } = deploy;
  try {
    return await createBuildRelease(deploy, built, platform);
  } finally {
    platform.slugs.settle(built.sha256);
    platform.slugCollector.collect({ appId: app.id, uid: app.uid, slugs: [built.sha256] });
  }
}

/** Slug, release and the build's result are stored together, or not at all. */
async function createBuildRelease(deploy: Deploy, built: BuiltSlug, platform: Platform): Promise<Release> {
  const { app, actor, record, origin } = deploy;
  const commitDescription = await origin.describe();
  await setFirstDeployVars(app, built, actor, platform);
  return platform.store.transaction(async (tx) => {
    const slug = await tx.slugs.create({
      appId: app.id,
      sha256: built.sha256,
      sizeBytes: built.sizeBytes,
      commit: origin.version,
      commitDescription,
      processTypes: built.processTypes,
      buildpackProvidedDescription: built.buildpackName,
      stack: app.stack,
    });
    const release = await createRelease(
      {
        app,
        actor,
        description: describeDeploy(origin.version),
        slugId: slug.id,
        configVars: await tx.apps.readConfig(app.id),
        status: initialStatus(slug),
      },
      tx,
      platform.logplex,
    );
    await tx.builds.finish(record.id, {
      status: 'succeeded',
      slugId: slug.id,
      releaseId: release.id,
      buildpacks: built.buildpacks,
    });
    await tx.apps.update(app.id, { buildpackProvidedDescription: built.buildpackName, releasedAt: release.createdAt });
    return release;
  });
}
