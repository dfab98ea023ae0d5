import type { Release } from '../model/release.ts';
import type { LaunchOutcome } from './launch-outcome.ts';
import type { Platform } from './platform.ts';

export interface EndedLaunch {
  readonly release: Release;
  readonly outcome: LaunchOutcome;
}

/**
 * How the release ended for which this one was given up. Resolves when no newer launch of the app is under way.
 * Null: there is none, because the app or the platform goes.
 */
export async function outcomeOfNewer(release: Release, platform: Platform): Promise<EndedLaunch | null> {
  let newer = platform.launches.newerThan(release.version, release.appId);
  while (newer.length > 0) {
    const ended = await Promise.allSettled(newer.map(({ outcome }) => outcome));
    for (const [index, result] of ended.entries()) {
      const launched = newer[index]?.release;
      if (launched === undefined || result.status === 'rejected' || !isFinal(result.value)) continue;
      return { release: launched, outcome: result.value };
    }
    newer = platform.launches.newerThan(release.version, release.appId);
  }
  const current = await platform.store.releases.findCurrent(release.appId);
  const isNewer = current !== null && current.version > release.version;
  return isNewer ? { release: current, outcome: { status: 'live' } } : null;
}

/** One that never came to its roll-out, or was given up itself, decided nothing. */
function isFinal({ status }: LaunchOutcome): boolean {
  return status !== 'superseded' && status !== 'cancelled' && status !== 'release-phase-failed';
}
