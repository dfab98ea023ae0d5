export { limitScripts } from './limit-scripts.ts';
export { wireScripts } from './wire-scripts.ts';
export { BuildCaches } from './build-cache.ts';
export { build } from './build.ts';
export { FolderCache } from './folder-cache.ts';
export type { BuildInput, BuildTools, ScriptsLeft } from './build-input.ts';
export { failureLines } from './failure-text.ts';
export { sweepBuilds } from './sweep-builds.ts';
