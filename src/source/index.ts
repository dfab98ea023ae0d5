export { openSource, type SourceOutcome } from './open-source.ts';
export { SourceStore } from './source-store.ts';
