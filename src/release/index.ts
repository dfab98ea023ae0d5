export { createRelease, type NewRelease } from './create-release.ts';
export { describeConfigChange } from './describe-config-change.ts';
export { runReleasePhase, type ReleasePhase, type ReleasePhaseOutcome } from './run-release-phase.ts';
