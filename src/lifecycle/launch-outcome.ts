import type { RollOutOutcome } from '../formation/index.ts';
import { exhaustive } from '../lib/exhaustive.ts';
import type { ReleasePhaseOutcome } from '../release/index.ts';

export type LaunchOutcome = RollOutOutcome | { readonly status: 'release-phase-failed'; readonly why: string };

export function describeBootFailure(outcome: Extract<RollOutOutcome, { dyno: unknown }>): string {
  if (outcome.reason === 'boot-timeout') return `${outcome.dyno} did not bind to $PORT in time`;
  return `${outcome.dyno} exited with status ${outcome.exit?.status ?? 'unknown'} while it started`;
}

/** `isDestroyed`: an abort is the end of the app, not of the platform. */
export function describePhaseFailure(phase: ReleasePhaseOutcome, isDestroyed: boolean): string {
  switch (phase.endedBy) {
    case 'exit':
      return `its release command exited with status ${phase.exitCode}`;
    case 'timeout':
      return 'its release command did not end in time';
    case 'stop':
      return 'its release command was stopped on request';
    case 'abort':
      return `the ${isDestroyed ? 'app was destroyed' : 'platform was stopped'} during its release command`;
    default:
      return exhaustive(phase.endedBy);
  }
}
