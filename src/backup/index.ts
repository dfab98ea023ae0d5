export { backUp, type BackUpReport } from './back-up.ts';
export type { GivenKey } from './backup-key.ts';
export type { DataPaths } from './data-paths.ts';
export { readRestoreId } from './restore-file.ts';
export { restore } from './restore.ts';
export { sweepStaging } from './staging-folder.ts';
