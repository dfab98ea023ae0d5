import { join } from 'node:path';
import { build, failureLines } from '../build/index.ts';
import type { App } from '../model/app.ts';
import type { Build, BuildFailure, BuildOutput, BuiltSlug } from '../model/build.ts';
import type { Push, PushOutcome } from '../model/push.ts';
import type { Release } from '../model/release.ts';
import { createRelease } from '../release/index.ts';
import { logApiEvent } from './api-event.ts';
import { announceLaunch, announceOutcome } from './announce-launch.ts';
import { setFirstDeployVars } from './first-deploy-vars.ts';
import { initialStatus, launch } from './launch.ts';
import { openLine } from './open-line.ts';
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
  return await platform.builds.run(push.app.id, () => deploy(push, platform, output, build.signal), waiting);
}

async function deploy(push: Push, platform: Platform, pusher: BuildOutput, signal: AbortSignal): Promise<PushOutcome> {
  // The app may have been destroyed or renamed while this push waited.
  const app = await platform.store.apps.findById(push.app.id);
  if (app === null) return reject(push.app, ['The app was destroyed while this push waited.'], pusher);

  const record = await platform.store.builds.create({
    appId: app.id,
    commit: push.commit,
    userId: push.actor.accountId,
  });
  const output = recordOutput(app.id, pusher, platform.logplex);
  logApiEvent(app.id, 'Build started', push.actor, platform);

  try {
    return await buildAndLaunch(push, app, record, platform, output, signal);
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

async function buildAndLaunch(
  push: Push,
  app: App,
  record: Build,
  platform: Platform,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<PushOutcome> {
  const built = await buildPush(push, app, record, platform, output, signal);
  if (built.status === 'failed') {
    await failBuild(record, platform);
    logApiEvent(app.id, 'Build failed', push.actor, platform);
    for (const line of failureLines(built.failure)) output.write(`${line}\n`);
    return reject(app, [], output);
  }

  const release = await storeRelease(push, app, record, built.slug, platform);
  logApiEvent(app.id, 'Build succeeded', push.actor, platform);
  announceLaunch(app, release, platform, output);
  const outcome = await launch(app, release, push.actor, platform, output);
  return announceOutcome(app, release, outcome, platform, output) ? { status: 'accepted' } : reject(app, [], output);
}

type BuildPushOutcome =
  | { readonly status: 'succeeded'; readonly slug: BuiltSlug }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

async function buildPush(
  push: Push,
  app: App,
  record: Build,
  platform: Platform,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<BuildPushOutcome> {
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

/** Slug, release and the build's result are stored together, or not at all. */
async function storeRelease(
  push: Push,
  app: App,
  record: Build,
  built: BuiltSlug,
  platform: Platform,
): Promise<Release> {
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
