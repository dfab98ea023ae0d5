import { failureLines } from '../build/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Build, BuildFailure, BuildOutput, SourceBlob } from '../model/build.ts';
import { openSource } from '../source/index.ts';
import { logApiEvent } from './api-event.ts';
import { cancelLaunch } from './cancel-launch.ts';
import { deploySource, failBuild, type DeployOutcome, type SourceOrigin } from './deploy-source.ts';
import { describeWaiting } from './on-push.ts';
import type { Platform } from './platform.ts';
import { recordOutput } from './record-output.ts';

export interface BuildRequest {
  readonly blob: SourceBlob;
  /** For this build only; null: those that the app is set to. */
  readonly buildpacks: readonly string[] | null;
}

/** Builds of one app that wait or run, besides those of pushes. */
const maxWaiting = 20;
const nobody: BuildOutput = { write: () => undefined };

/** A build that a client asked for through the API. Resolves with its record; the build itself goes on in the background. */
export async function onBuildRequest(
  app: App,
  request: BuildRequest,
  actor: Actor,
  platform: Platform,
): Promise<Build> {
  if (platform.builds.length(app.id) >= maxWaiting) {
    const message = `${maxWaiting} builds of ${app.name} are waiting already. Wait for them, or cancel some.`;
    throw new PlatformError('rate_limit', message);
  }
  const record = await recordBuild(app, request, actor, platform);
  platform.inBackground('build', deployBlob(app, record, originOf(app, request, platform), actor, platform));
  return record;
}

/** The record of a build that is to come; a build that never comes to its turn is failed at the next start. */
export function recordBuild(app: App, { blob }: BuildRequest, actor: Actor, platform: Platform): Promise<Build> {
  const { origin, pathname } = new URL(blob.url);
  const source = { ...blob, url: `${origin}${pathname}` };
  return platform.store.builds.create({ appId: app.id, commit: null, source, userId: actor.accountId });
}

/** Waits for the build's turn, and deploys it. Never leaves the record pending. */
export async function deployBlob(
  app: App,
  record: Build,
  origin: SourceOrigin,
  actor: Actor,
  platform: Platform,
): Promise<DeployOutcome> {
  using ending = platform.cancellations.register(app.id, platform.closing);
  using cancellable = platform.cancellations.register(record.id, ending.signal);
  const { signal } = cancellable;
  await using output = recordOutput(record, nobody, platform);
  const whenCancelled = (): void => {
    platform.inBackground('cancelled build', failBuild(record, platform));
  };
  signal.addEventListener('abort', whenCancelled, { once: true });
  const isAppGone = (): boolean => ending.isCancelled();
  const turn = async (): Promise<DeployOutcome> => {
    signal.removeEventListener('abort', whenCancelled);
    const present = await platform.store.apps.findById(app.id);
    if (present === null) return { status: 'app-destroyed' };
    // It never began: the app's log has its one line already, from cancelBuild.
    if (cancellable.isCancelled()) return await endCancelled(record, signal.reason as Error, output, platform);
    return await deploySource({ app: present, actor, record, origin, output, signal, isAppGone }, platform);
  };
  try {
    return await platform.builds.run(app.id, turn, describeWaiting(app, output));
  } catch (error) {
    output.write(
      ' !     The build ended because of an error of the platform. Its operator finds the cause in its log.\n',
    );
    throw error;
  }
}

async function endCancelled(
  record: Build,
  reason: Error,
  output: BuildOutput,
  platform: Platform,
): Promise<DeployOutcome> {
  await failBuild(record, platform);
  const failure: BuildFailure = { reason: 'cancelled', detail: reason.message };
  for (const line of failureLines(failure)) output.write(`${line}\n`);
  return { status: 'build-failed', failure };
}

/**
 * Ends a build that waits or runs, and the launch of its release after it: the whole deploy, at any stage.
 * Source: https://devcenter.heroku.com/articles/platform-api-reference#build-cancel
 */
export async function cancelBuild(app: App, build: Build, actor: Actor, platform: Platform): Promise<void> {
  const isLaunching = build.releaseId !== null && platform.launches.has(build.releaseId);
  if (build.releaseId !== null && isLaunching) {
    await cancelLaunch(app, build.releaseId, actor, platform);
    return;
  }
  if (build.status !== 'pending') {
    throw new PlatformError(
      'invalid_params',
      `The build has ${build.status} already; only one that runs can be cancelled.`,
    );
  }
  logApiEvent(app.id, 'Build cancelled', actor, platform);
  platform.cancellations.cancel(build.id, new Error(`It was cancelled by ${actor.email}.`));
}

function originOf(app: App, { blob, buildpacks }: BuildRequest, platform: Platform): SourceOrigin {
  return {
    version: blob.version,
    buildpacks,
    open: (dir, _output, signal) => openBlob(app, blob, dir, signal, platform),
    describe: () => Promise.resolve(blob.versionDescription),
  };
}

export function openBlob(
  app: App,
  blob: SourceBlob,
  dir: string,
  signal: AbortSignal,
  platform: Platform,
): ReturnType<SourceOrigin['open']> {
  return openSource({
    blob,
    dir,
    maxBytes: platform.limits.sourceMaxBytes,
    uid: app.uid,
    sources: platform.sources,
    signer: platform.signer,
    privateOrigins: platform.privateSources,
    timeoutMs: platform.limits.buildTimeoutMs,
    signal,
  });
}
