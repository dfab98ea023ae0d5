import type { BuildPhase } from '../model/build.ts';
import type { BuildInput } from './build-input.ts';
import { FailedBuild } from './failed-build.ts';

/** The failure of a build whose script was ended by the platform. */
export function stopped(input: BuildInput, phase: BuildPhase, endedBy: 'timeout' | 'abort'): FailedBuild {
  if (endedBy === 'timeout') {
    return new FailedBuild({ reason: 'timed-out', phase, limitMs: input.limits.timeoutMs });
  }
  const reason: unknown = input.signal.reason;
  // An abort without a reason of its own says nothing more than that.
  const isPlain = !(reason instanceof Error) || reason.name === 'AbortError';
  return new FailedBuild({ reason: 'cancelled', detail: isPlain ? '' : reason.message });
}
