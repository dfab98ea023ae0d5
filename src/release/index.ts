export { createRelease, type NewRelease } from './create-release.ts';
export { describeConfigChange } from './describe-config-change.ts';
