import { PlatformError } from '../errors/platform-error.ts';
import { exhaustive } from '../lib/exhaustive.ts';
import { nowMicros } from '../lib/micros.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { BuildOutput } from '../model/build.ts';
import type { ProcessType } from '../model/ids.ts';
import type { Release, ReleaseStatus } from '../model/release.ts';
import { runReleasePhase } from '../release/index.ts';
import { logApiEvent } from './api-event.ts';
import { describeBootFailure, describePhaseFailure, type LaunchOutcome } from './launch-outcome.ts';
import type { Platform } from './platform.ts';
import { dynoVars } from './dyno-vars.ts';

const releaseType = 'release' as ProcessType;

/** A release is born `pending` when something can still fail it, so that a crash in between leaves the old one current. */
export function initialStatus(slug: Release['slug']): ReleaseStatus {
  return slug === null ? 'succeeded' : 'pending';
}

export function hasReleasePhase(release: Release): boolean {
  return release.slug?.processTypes[releaseType] !== undefined;
}

/**
 * From a stored release to running dynos: the release phase, then the roll-out. The release becomes current in the store
 * after its web dynos are up and before the router sends them requests: killed at any line, the next start finds exactly
 * one release that should run.
 */
export async function launch(
  app: App,
  release: Release,
  actor: Actor,
  platform: Platform,
  output?: BuildOutput,
): Promise<LaunchOutcome> {
  if (release.slug === null) return { status: 'live' };
  return platform.launches.run(release, async (end, cancelled) => {
    try {
      const failure = await releasePhase(app, release, actor, platform, output, cancelled);
      const outcome = failure ?? (await goLive(app, release, platform, end, cancelled));
      platform.metrics.releaseEnded(outcome.status);
      return outcome;
    } catch (error) {
      // At a shutdown the next start decides; else nobody would. One that became current before is what runs, and stays so.
      if (!platform.closing.aborted && (await isPending(release, platform))) {
        await setStatus(release, 'failed', platform);
      }
      throw error;
    } finally {
      platform.slugCollector.collect({ appId: app.id, uid: app.uid, slugs: [] });
    }
  });
}

/** Null: it has succeeded, or there is none. */
async function releasePhase(
  app: App,
  release: Release,
  actor: Actor,
  platform: Platform,
  output: BuildOutput | undefined,
  cancelled: AbortSignal,
): Promise<LaunchOutcome | null> {
  if (!hasReleasePhase(release)) return null;
  logApiEvent(app.id, `Running release v${release.version} commands`, actor, platform);
  await using stream = platform.streams.open(app.id, release.id);
  // Ends with its app, too.
  using ending = platform.cancellations.register(app.id, platform.closing);
  const phase = await runReleasePhase({
    app,
    release,
    runtime: platform.runtime,
    configVars: await dynoVars(release.id, platform),
    logs: platform.logplex,
    watchOutput: (dynoId, listener) => platform.outputs.watch(dynoId, listener),
    showDyno: (view, stop) => platform.formation.showGuest(view, stop),
    meterDyno: (dyno, ended) => {
      platform.formation.meterGuest(dyno, ended);
    },
    output: {
      write: (chunk) => {
        output?.write(chunk);
        stream.write(chunk);
      },
    },
    signal: ending.signal,
    cancelled,
    timeoutMs: platform.limits.releasePhaseTimeoutMs,
  });
  if (phase.status === 'succeeded') return null;
  const why = cancelled.aborted ? reasonOf(cancelled) : describePhaseFailure(phase, ending.isCancelled());
  await setStatus(release, 'failed', platform);
  logReleaseFailure(app, release, why, platform);
  return { status: 'release-phase-failed', why };
}

async function goLive(
  app: App,
  release: Release,
  platform: Platform,
  end: () => void,
  cancelled: AbortSignal,
): Promise<LaunchOutcome> {
  const becomeCurrent = (): Promise<void> => platform.store.releases.setStatus(release.id, 'succeeded');
  const outcome = await platform.formation.rollOut(app, release, becomeCurrent, cancelled);
  end();
  switch (outcome.status) {
    case 'live':
    case 'crashed':
      await settleSuperseded(app, release, 'succeeded', platform);
      break;
    case 'superseded':
      // It never ran, so the end of the newer release is its own too. That one may have come to it already.
      if ((await isPending(release, platform)) && (await isOvertaken(release, platform))) {
        await setStatus(release, 'succeeded', platform);
      }
      break;
    case 'kept-old':
      await setStatus(release, 'failed', platform);
      await settleSuperseded(app, release, 'failed', platform);
      logReleaseFailure(app, release, describeBootFailure(outcome), platform);
      break;
    case 'cancelled':
      if (!outcome.isCurrent) await setStatus(release, 'failed', platform);
      await settleSuperseded(app, release, outcome.isCurrent ? 'succeeded' : 'failed', platform);
      logReleaseFailure(app, release, reasonOf(cancelled), platform);
      break;
    default:
      exhaustive(outcome);
  }
  return outcome;
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'it was cancelled';
}

/** Releases that were given up for this newer one. One whose release command still runs finds its own end. */
async function settleSuperseded(
  app: App,
  newer: Release,
  status: 'succeeded' | 'failed',
  platform: Platform,
): Promise<void> {
  for (const release of await platform.store.releases.listPending()) {
    const isOlder = release.appId === app.id && release.version < newer.version;
    if (isOlder && !platform.launches.has(release.id)) await setStatus(release, status, platform);
  }
}

/** True when a newer release is the current one. */
export async function isOvertaken(release: Release, platform: Platform): Promise<boolean> {
  const current = await platform.store.releases.findCurrent(release.appId);
  return current !== null && current.version > release.version;
}

async function isPending(release: Release, platform: Platform): Promise<boolean> {
  return (await platform.store.releases.findById(release.id))?.status === 'pending';
}

/** A release that is gone with its app has no status any more. */
async function setStatus(release: Release, status: ReleaseStatus, platform: Platform): Promise<void> {
  try {
    await platform.store.releases.setStatus(release.id, status);
  } catch (error) {
    if (!(error instanceof PlatformError && error.id === 'not_found')) throw error;
  }
}

function logReleaseFailure(app: App, release: Release, why: string, platform: Platform): void {
  const message = `Release v${release.version} failed: ${why}. The release before it keeps running.`;
  platform.logplex.append(app.id, [{ atMicros: nowMicros(), source: 'app', process: 'api', message }]);
}
