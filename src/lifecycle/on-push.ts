import { join } from 'node:path';
import { build, failureLines } from '../build/index.ts';
import type { App } from '../model/app.ts';
import type { Build, BuildFailure, BuildOutput, BuiltSlug } from '../model/build.ts';
import type { Push, PushOutcome } from '../model/push.ts';
import type { Release } from '../model/release.ts';
import { createRelease } from '../release/index.ts';
import { logApiEvent } from './api-event.ts';
import { announceLaunch, announceNewer, announceOutcome } from './announce-launch.ts';
import { setFirstDeployVars } from './first-deploy-vars.ts';
import { initialStatus, launch } from './launch.ts';
import { openLine } from './open-line.ts';
import { outcomeOfNewer } from './outcome-of-newer.ts';
import type { Platform } from './platform.ts';
import { recordOutput } from './record-output.ts';

/**
 * A push to the deploy branch, from commit to running dynos. Runs inside `pre-receive`: a rejection refuses the push.
 * A failed release command does not, as on Heroku: the release is marked failed and the old one keeps running.
 */
export async function onPush(
  push: Push,
  platform: Platform,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<PushOutcome> {
  const waiting = (ahead: number): void => {
    output.write(
      `-----> Waiting for ${ahead === 1 ? 'a build' : `${ahead} builds`} of ${push.app.name} to finish first\n`,
    );
  };
  using build = platform.cancellations.register(push.app.id, signal);
  const delivery = { push, platform, output, signal: build.signal, isCancelled: () => build.isCancelled() };
  return await platform.builds.run(push.app.id, () => deploy(delivery), waiting);
}

/** What a push brings, and whom it is told to. */
interface Delivery {
  readonly push: Push;
  readonly platform: Platform;
  readonly output: BuildOutput;
  /** Ends the build. */
  readonly signal: AbortSignal;
  /** True when the app is being destroyed. */
  readonly isCancelled: () => boolean;
}

/** A delivery whose turn it is. */
interface Deployment extends Delivery {
  /** As it is now: it may have been renamed while the push waited. */
  readonly app: App;
  readonly record: Build;
}

async function deploy(delivery: Delivery): Promise<PushOutcome> {
  const { push, platform, output: pusher } = delivery;
  const app = await platform.store.apps.findById(push.app.id);
  if (app === null) return reject(push.app, ['The app was destroyed while this push waited.'], pusher);

  const { commit, actor } = push;
  const record = await platform.store.builds.create({ appId: app.id, commit, userId: actor.accountId });
  const output = recordOutput(app.id, pusher, platform.logplex);
  logApiEvent(app.id, 'Build started', actor, platform);

  try {
    return await buildAndLaunch({ ...delivery, app, record, output });
  } catch (error) {
    await failBuild(record, platform);
    throw error;
  }
}

/** The build is gone with its app when that was destroyed meanwhile; one that succeeded stays so when its launch fails. */
async function failBuild(record: Build, platform: Platform): Promise<void> {
  const found = await platform.store.builds.findById(record.id);
  if (found?.status === 'pending') await platform.store.builds.finish(record.id, { status: 'failed' });
}

async function buildAndLaunch(deployment: Deployment): Promise<PushOutcome> {
  const { push, app, record, platform, output } = deployment;
  const built = await buildPush(deployment);
  if (built.status === 'failed') {
    await failBuild(record, platform);
    logApiEvent(app.id, 'Build failed', push.actor, platform);
    for (const line of failureLines(built.failure)) output.write(`${line}\n`);
    return reject(app, [], output);
  }

  const release = await storeRelease(deployment, built.slug);
  logApiEvent(app.id, 'Build succeeded', push.actor, platform);
  announceLaunch(app, release, platform, output);
  const outcome = await launch(app, release, push.actor, platform, output);
  const newer = outcome.status === 'superseded' ? await outcomeOfNewer(release, platform) : null;
  if (deployment.isCancelled()) {
    return reject(app, ['The app was destroyed while this push was being launched.'], output);
  }
  const isAccepted =
    newer === null
      ? announceOutcome(app, release, outcome, platform, output)
      : announceNewer(app, release, newer, platform, output);
  return isAccepted ? { status: 'accepted' } : reject(app, [], output);
}

type BuildPushOutcome =
  | { readonly status: 'succeeded'; readonly slug: BuiltSlug }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

async function buildPush({ push, app, record, platform, output, signal }: Deployment): Promise<BuildPushOutcome> {
  const compressing = openLine('Compressing source files... ', output);
  const exported = await platform.repos.exportSource({
    objects: push.objects,
    commit: push.commit,
    dir: join(platform.buildTools.workDir, `${record.id}.source`),
    maxBytes: platform.limits.sourceMaxBytes,
    output: compressing,
    signal,
    fetchEnv: platform.buildTools.platformEnv,
  });
  compressing.end(exported.status === 'failed' ? '' : 'done.');
  if (exported.status === 'failed') return exported;
  output.write('Building source:\n\n');

  await using source = exported.source;
  return await build(
    {
      buildId: record.id,
      app,
      source,
      commit: push.commit,
      lastSlug: (await platform.store.releases.findCurrent(app.id))?.slug?.sha256 ?? null,
      configVars: await platform.configVars.read(app.id),
      buildpacks: await platform.store.apps.listBuildpacks(app.id),
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
async function storeRelease(deployment: Deployment, built: BuiltSlug): Promise<Release> {
  const { app, platform } = deployment;
  try {
    return await createPushRelease(deployment, built);
  } finally {
    platform.slugs.settle(built.sha256);
    platform.slugCollector.collect({ appId: app.id, uid: app.uid, slugs: [built.sha256] });
  }
}

/** Slug, release and the build's result are stored together, or not at all. */
async function createPushRelease({ push, app, record, platform }: Deployment, built: BuiltSlug): Promise<Release> {
  const commit = await platform.repos.readCommit(push.objects, push.commit);
  await setFirstDeployVars(app, built, push.actor, platform);
  return platform.store.transaction(async (tx) => {
    const slug = await tx.slugs.create({
      appId: app.id,
      sha256: built.sha256,
      sizeBytes: built.sizeBytes,
      commit: push.commit,
      commitDescription: `${commit.author}: ${commit.message}`,
      processTypes: built.processTypes,
      buildpackProvidedDescription: built.buildpackName,
      stack: app.stack,
    });
    const release = await createRelease(
      {
        app,
        actor: push.actor,
        description: `Deploy ${push.commit.slice(0, 8)}`,
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

function reject(app: App, why: readonly string[], output: BuildOutput): PushOutcome {
  for (const line of why) output.write(` !     ${line}\n`);
  output.write(`Verifying deploy...\n\n!\tPush rejected to ${app.name}.\n\n`);
  return { status: 'rejected' };
}
