import {
  compile,
  findCause,
  hasScript,
  readRelease,
  report,
  type Buildpack,
  type ReleaseInfo,
} from '../buildpack/index.ts';
import { describeMemoryKill } from '../lib/memory-text.ts';
import type { RunningBuild } from './build-input.ts';
import type { ChosenBuildpack } from './choose-buildpacks.ts';
import { FailedBuild } from './failed-build.ts';
import { stopped } from './stopped.ts';

const diskIsFull = /No space left on device|Disk quota exceeded|\bENOSPC\b/;

/** `bin/compile`, `bin/report` and `bin/release` of one buildpack, after those of `earlier`. */
export async function compileApp(
  build: RunningBuild,
  { buildpack, name }: ChosenBuildpack,
  earlier: readonly Buildpack[],
): Promise<ReleaseInfo> {
  const { screen, space, input } = build;
  screen.line(`-----> ${name} app detected`);
  screen.beginScript();
  const result = await compile(space, buildpack, earlier, screen.script, { forTests: input.isForTests === true });
  screen.endScript();
  if (result.endedBy !== 'exit') throw stopped(input, 'compile', result.endedBy);
  const hasRelease = await hasScript(buildpack, 'release');
  if ((result.exitCode !== 0 || !hasRelease) && (await hasScript(buildpack, 'report'))) await report(space, buildpack);
  if (result.diskKill) throw new FailedBuild({ reason: 'too-much-written', phase: 'compile', ...result.diskKill });
  if (result.exitCode !== 0) {
    const isKilled = result.exitCode === 128 + 9;
    const found = findCause(screen.tail().toString('utf8'))?.line ?? null;
    const cause = result.memoryKill
      ? describeMemoryKill(result.memoryKill)
      : isKilled
        ? 'bin/compile was killed (SIGKILL), as the kernel does when memory runs out'
        : found;
    if (cause !== null && diskIsFull.test(cause)) {
      throw new FailedBuild({ reason: 'out-of-space', phase: 'compile', detail: cause });
    }
    throw new FailedBuild({ reason: 'compile-failed', name, exitCode: result.exitCode, cause });
  }
  if (!hasRelease) return { processTypes: {}, configVars: {} };

  const release = await readRelease(space, buildpack);
  if (release.status === 'stopped') throw stopped(input, 'release-info', release.endedBy);
  if (release.status === 'invalid') {
    throw new FailedBuild({ reason: 'release-info-invalid', name, detail: release.detail });
  }
  return release.info;
}
