import type { RollOutOutcome } from '../formation/index.ts';
import { exhaustive } from '../lib/exhaustive.ts';
import { nowMicros } from '../lib/micros.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { BuildOutput } from '../model/build.ts';
import type { ProcessType } from '../model/ids.ts';
import type { Release, ReleaseStatus } from '../model/release.ts';
import { runReleasePhase, type ReleasePhaseOutcome } from '../release/index.ts';
import { logApiEvent } from './api-event.ts';
import type { Platform } from './platform.ts';

export type LaunchOutcome = RollOutOutcome | { readonly status: 'release-phase-failed'; readonly why: string };

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
  try {
    return await runAndRollOut(app, release, actor, platform, output);
  } catch (error) {
    // At a shutdown the next start decides; else nobody would.
    if (!platform.closing.aborted) await platform.store.releases.setStatus(release.id, 'failed');
    throw error;
  }
}

async function runAndRollOut(
  app: App,
  release: Release,
  actor: Actor,
  platform: Platform,
  output: BuildOutput | undefined,
): Promise<LaunchOutcome> {
  if (hasReleasePhase(release)) {
    logApiEvent(app.id, `Running release v${release.version} commands`, actor, platform);
    await using stream = platform.streams.open(app.id, release.id);
    // Ends with its app, too.
    using ending = platform.cancellations.register(app.id, platform.closing);
    const phase = await runReleasePhase({
      app,
      release,
      runtime: platform.runtime,
      configVars: await platform.configVars.ofRelease(release.id),
      logs: platform.logplex,
      watchOutput: (dynoId, listener) => platform.outputs.watch(dynoId, listener),
      showDyno: (view) => platform.formation.showGuest(view),
      output: {
        write: (chunk) => {
          output?.write(chunk);
          stream.write(chunk);
        },
      },
      signal: ending.signal,
      timeoutMs: platform.limits.releasePhaseTimeoutMs,
    });
    if (phase.status === 'failed') {
      await platform.store.releases.setStatus(release.id, 'failed');
      logReleaseFailure(app, release, describePhaseFailure(phase), platform);
      return { status: 'release-phase-failed', why: describePhaseFailure(phase) };
    }
  }

  const becomeCurrent = (): Promise<void> => platform.store.releases.setStatus(release.id, 'succeeded');
  const outcome = await platform.formation.rollOut(app, release, becomeCurrent);
  switch (outcome.status) {
    case 'live':
    case 'crashed':
      await settleSuperseded(app, release, 'succeeded', platform);
      break;
    case 'superseded':
      // It never ran, so the newer release's end is its own too.
      break;
    case 'kept-old':
      await platform.store.releases.setStatus(release.id, 'failed');
      await settleSuperseded(app, release, 'failed', platform);
      logReleaseFailure(app, release, describeBootFailure(outcome), platform);
      break;
    default:
      exhaustive(outcome);
  }
  return outcome;
}

/** Releases that were given up for this newer one. */
async function settleSuperseded(
  app: App,
  newer: Release,
  status: 'succeeded' | 'failed',
  platform: Platform,
): Promise<void> {
  for (const release of await platform.store.releases.listPending()) {
    if (release.appId === app.id && release.version < newer.version) {
      await platform.store.releases.setStatus(release.id, status);
    }
  }
}

export function describeBootFailure(outcome: Extract<RollOutOutcome, { dyno: unknown }>): string {
  if (outcome.reason === 'boot-timeout') return `${outcome.dyno} did not bind to $PORT in time`;
  return `${outcome.dyno} exited with status ${outcome.exit?.status ?? 'unknown'} while it started`;
}

function describePhaseFailure(phase: ReleasePhaseOutcome): string {
  switch (phase.endedBy) {
    case 'exit':
      return `its release command exited with status ${phase.exitCode}`;
    case 'timeout':
      return 'its release command did not end in time';
    case 'abort':
      return 'the platform was stopped during its release command';
    default:
      return exhaustive(phase.endedBy);
  }
}

function logReleaseFailure(app: App, release: Release, why: string, platform: Platform): void {
  const message = `Release v${release.version} failed: ${why}. The release before it keeps running.`;
  platform.logplex.append(app.id, [{ atMicros: nowMicros(), source: 'app', process: 'api', message }]);
}
