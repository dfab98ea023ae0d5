export { limitScripts } from './limit-scripts.ts';
export { wireScripts } from './wire-scripts.ts';
export { BuildCaches } from './build-cache.ts';
export { build } from './build.ts';
export type { BuildInput, BuildTools } from './build-input.ts';
export { failureLines } from './failure-text.ts';
export { sweepBuilds } from './sweep-builds.ts';
