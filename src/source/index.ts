export { openSource, type SourceOutcome } from './open-source.ts';
export { unpackSource } from './unpack-source.ts';
export { SourceStore } from './source-store.ts';
