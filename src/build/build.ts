import { join } from 'node:path';
import { writeEnvDir, type Buildpack, type ReleaseInfo } from '../buildpack/index.ts';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import type { BuildOutcome, BuildOutput, BuildPhase, BuiltSlug } from '../model/build.ts';
import type { BuildInput, BuildTools, RunningBuild } from './build-input.ts';
import { BuildScreen } from './build-screen.ts';
import {
  announceList,
  askedBuildpacks,
  confirmBuildpack,
  findBuildpacks,
  listCandidates,
  type ChosenBuildpack,
} from './choose-buildpacks.ts';
import { compileApp } from './compile-app.ts';
import { compress, fetchCache } from './compress.ts';
import { discoverProcessTypes } from './discover-process-types.ts';
import { FailedBuild } from './failed-build.ts';
import { openSpace } from './open-space.ts';
import { prune } from './prune.ts';
import { applySlugignore } from './slugignore.ts';
import { stopped } from './stopped.ts';
import { useProjectPath } from './use-project-path.ts';
import { folderLeftAt, giveToApp, openWorkFolder, placeCache } from './work-folder.ts';

/** Of the scripts' output that is passed on to the pusher. */
const maxOutputBytes = 16 * 1024 * 1024;

/**
 * Turns a source tree into a slug: what git push shows between "Building source:" and "Launching...".
 * All that it makes on disk lies in `<workDir>/<buildId>` and is gone when this returns; the slug and the app's cache stay.
 * Source: https://devcenter.heroku.com/articles/buildpack-api
 */
export async function build(input: BuildInput, tools: BuildTools, output: BuildOutput): Promise<BuildOutcome> {
  const progress: Progress = { phase: 'source' };
  const startedAt = performance.now();
  try {
    const slug = await buildSlug(input, tools, new BuildScreen(output, maxOutputBytes), progress);
    const durationMs = Math.round(performance.now() - startedAt);
    tools.log.info({ app: input.app.name, build: input.buildId, slug: slug.sha256, durationMs }, 'slug built');
    return { status: 'succeeded', slug };
  } catch (error) {
    const failure = failureOf(error, input, progress.phase);
    if (failure === null) throw error;
    tools.log.info({ app: input.app.name, build: input.buildId, reason: failure.failure.reason }, 'build failed');
    return { status: 'failed', failure: failure.failure };
  }
}

interface Progress {
  phase: BuildPhase;
}

async function buildSlug(
  input: BuildInput,
  tools: BuildTools,
  screen: BuildScreen,
  progress: Progress,
): Promise<BuiltSlug> {
  await using work = await openWorkFolder(join(tools.workDir, input.buildId), input.source.dir, tools.log);
  const build: RunningBuild = { input, tools, screen, work, space: await openSpace(input, tools, work) };
  const dir = join(work.tmpDir, work.buildPath);
  screen.line(`-----> Building on the ${stackName(input.app.stack)} stack`);
  await cleanSource(build, dir);

  const { chosen, infos } = await runAndShow(build, progress);
  const last = chosen.at(-1);
  const info = infos.at(-1);
  if (last === undefined || info === undefined) throw new Error('Internal: a build without a buildpack');

  progress.phase = 'pack';
  const built = await folderLeftAt(work, work.buildPath);
  if (built === null) {
    const cause = 'the build folder was removed by the buildpack';
    throw new FailedBuild({ reason: 'compile-failed', name: last.name, exitCode: 0, cause });
  }
  const processTypes = await discoverProcessTypes(built, info.processTypes, screen);
  const { sha256, sizeBytes } = await compress(build, built);
  return {
    sha256,
    sizeBytes,
    processTypes,
    buildpackName: last.name,
    buildpacks: chosen.map(({ buildpack }) => buildpack.pinned),
    configVars: info.configVars,
  };
}

async function cleanSource({ input, work, screen }: RunningBuild, dir: string): Promise<void> {
  if (input.source.isPruned !== true) await prune(dir, input.signal);
  const ignored = await applySlugignore(dir, work.dir, input.signal);
  if (ignored.count > 0) screen.line(`-----> Deleting ${ignored.count} files matching .slugignore patterns.`);
  for (const warning of ignored.warnings) screen.line(` !     Warning: ${warning}`);
}

/** The same as `runBuildpacks`, with a look at what is left for whoever wants one. */
async function runAndShow(build: RunningBuild, progress: Progress): Promise<RanBuildpacks> {
  const { tools, space, work } = build;
  const buildpacks: Buildpack[] = [];
  const show = async (status: 'succeeded' | 'failed'): Promise<void> =>
    tools.afterScripts?.({ space, buildpacks, dir: work.dir, status });
  let ran: RanBuildpacks;
  try {
    ran = await runBuildpacks(build, progress, buildpacks);
  } catch (error) {
    await show('failed');
    throw error;
  }
  await show('succeeded');
  return ran;
}

interface RanBuildpacks {
  readonly chosen: readonly ChosenBuildpack[];
  readonly infos: readonly ReleaseInfo[];
}

/** Chooses the buildpacks and runs them in order. Everything that the platform writes where scripts can write is written before the first of them runs. */
async function runBuildpacks(build: RunningBuild, progress: Progress, begun: Buildpack[]): Promise<RanBuildpacks> {
  const { input, work, space } = build;
  progress.phase = 'detect';
  const asked = await askedBuildpacks(build);
  await useProjectPath(build, asked);
  const candidates = await listCandidates(build, asked);
  await writeEnvDir(join(work.tmpDir, work.envPath), input.configVars);
  await giveToApp(work, input.app);

  // The cache may have to be copied; that goes on while the buildpacks look at the app.
  const fetching = fetchCache(build);
  fetching.catch(() => undefined); // Awaited below, in any case: nothing may write when this build is removed.
  const isDetected = asked.length === 0;
  let list: readonly Buildpack[] = candidates;
  let found: readonly ChosenBuildpack[] = [];
  try {
    if (isDetected) {
      found = await findBuildpacks(build, candidates);
      list = found.map(({ buildpack }) => buildpack);
    } else {
      announceList(build, candidates);
    }
  } finally {
    await fetching.catch(() => undefined);
  }
  await placeCache(work, await fetching, input.app);

  const chosen: ChosenBuildpack[] = [];
  const infos: ReleaseInfo[] = [];
  for (const buildpack of list) {
    progress.phase = 'detect';
    begun.push(buildpack);
    const next = found.find((each) => each.buildpack === buildpack) ?? (await confirmBuildpack(build, buildpack));
    progress.phase = 'compile';
    infos.push(
      await compileApp(
        build,
        next,
        chosen.map((earlier) => earlier.buildpack),
      ),
    );
    chosen.push(next);
  }
  if (space.signal.aborted) throw stopped(input, 'compile', 'abort');
  return { chosen, infos };
}

function failureOf(error: unknown, input: BuildInput, phase: BuildPhase): FailedBuild | null {
  if (error instanceof FailedBuild) return error;
  if (isOutOfSpace(error)) {
    return new FailedBuild({ reason: 'out-of-space', phase, detail: 'No space left on device' });
  }
  if (input.signal.aborted) return stopped(input, phase, 'abort');
  return error instanceof Error && error.name === 'TimeoutError' ? stopped(input, phase, 'timeout') : null;
}

/** `heroku-24` is announced as `Heroku-24`. */
function stackName(stack: string): string {
  return stack.charAt(0).toUpperCase() + stack.slice(1);
}
