export { DynoOutputs } from './dyno-outputs.ts';
export type { CustomHosts } from './custom-hosts.ts';
export type { DynoSelector, FailedBoot, Formation, FormationDeps, RollOutOutcome } from './formation.ts';
export { defaultLimits, type CrashPolicy, type FormationLimits } from './limits.ts';
export { openFormation } from './open-formation.ts';
