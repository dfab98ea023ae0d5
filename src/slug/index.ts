export type { PackOutcome } from './pack-slug.ts';
export { parseProcfile } from './procfile.ts';
export { openSlugStore, type SlugStore } from './slug-store.ts';
