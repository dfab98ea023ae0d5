import type { RollOutOutcome } from '../formation/index.ts';
import { exhaustive } from '../lib/exhaustive.ts';
import { describeDiskKill } from '../lib/disk-text.ts';
import { describeMemoryKill } from '../lib/memory-text.ts';
import type { ReleasePhaseOutcome } from '../release/index.ts';

export type LaunchOutcome = RollOutOutcome | { readonly status: 'release-phase-failed'; readonly why: string };

export function describeBootFailure(outcome: Extract<RollOutOutcome, { dyno: unknown }>): string {
  if (outcome.reason === 'boot-timeout')
    return `${outcome.dyno} did not bind to $PORT in time${outcome.missedPort === null ? '' : `. ${outcome.missedPort}`}`;
  const kill = outcome.exit?.memoryKill;
  if (kill !== undefined) return `${outcome.dyno} used up its memory while it started: ${describeMemoryKill(kill)}`;
  const diskKill = outcome.exit?.diskKill;
  if (diskKill !== undefined) return `${outcome.dyno} used up its disk while it started: ${describeDiskKill(diskKill)}`;
  return `${outcome.dyno} exited with status ${outcome.exit?.status ?? 'unknown'} while it started`;
}

/** `isDestroyed`: an abort is the end of the app, not of the platform. */
export function describePhaseFailure(phase: ReleasePhaseOutcome, isDestroyed: boolean): string {
  switch (phase.endedBy) {
    case 'exit':
      if (phase.memoryKill !== undefined)
        return `its release command used up its memory: ${describeMemoryKill(phase.memoryKill)}`;
      if (phase.diskKill !== undefined)
        return `its release command used up its disk: ${describeDiskKill(phase.diskKill)}`;
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
