export { insidePath, runScript, type BuildSpace } from './build-space.ts';
export {
  copyBuildpack,
  copySharedFiles,
  describeBuildpacks,
  detectionOrder,
  hasScript,
  resolveBuildpack,
  type Buildpack,
  type BuildpackInfo,
} from './buildpack.ts';
export { findCause, nextStepFor } from './cause.ts';
export { compile, report } from './compile.ts';
export { detect, type Detection } from './detect.ts';
export { FetchedBuildpacks, type BuildpackFetcher } from './fetched-buildpacks.ts';
export { readRelease, type ReleaseInfo } from './read-release.ts';
export { writeEnvDir } from './write-env-dir.ts';
