export { openSource, type SourceOutcome } from './open-source.ts';
export { SourceStore, sourceLifeMs } from './source-store.ts';
