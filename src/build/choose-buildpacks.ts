import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  copyBuildpack,
  copySharedFiles,
  detect,
  detectionOrder,
  hasScript,
  resolveBuildpack,
  type Buildpack,
  type Detection,
} from '../buildpack/index.ts';
import type { BuildInput, BuildTools, RunningBuild } from './build-input.ts';
import { FailedBuild } from './failed-build.ts';
import { stopped } from './stopped.ts';

/** The buildpacks that may be asked: the app's list, or all that the platform has. */
export async function listCandidates(
  input: BuildInput,
  tools: BuildTools,
  tmpDir: string,
): Promise<readonly Buildpack[]> {
  const candidates = new Map<string, Buildpack>();
  for (const reference of input.buildpacks) {
    const resolved = await resolveBuildpack(reference, tools.buildpacksDir);
    if (resolved.status === 'unavailable') {
      throw new FailedBuild({ reason: 'buildpack-unavailable', buildpack: reference, detail: resolved.detail });
    }
    candidates.set(resolved.buildpack.reference, resolved.buildpack);
  }
  if (input.buildpacks.length === 0) {
    for (const buildpack of await detectionOrder(tools.buildpacksDir)) candidates.set(buildpack.reference, buildpack);
  }
  await copySharedFiles(tools.buildpacksDir, tmpDir);
  for (const buildpack of candidates.values()) await copyBuildpack(buildpack, tmpDir);
  return [...candidates.values()];
}

export interface ChosenBuildpack {
  readonly buildpack: Buildpack;
  /** As its `bin/detect` printed it: `Python`. */
  readonly name: string;
}

/** The first of the platform's buildpacks that knows the app. */
export async function findBuildpack(build: RunningBuild, candidates: readonly Buildpack[]): Promise<ChosenBuildpack> {
  build.screen.line('-----> Determining which buildpack to use for this app');
  for (const buildpack of candidates) {
    if (!(await hasScript(buildpack, 'detect'))) continue;
    const detection = await runDetect(build, buildpack);
    if (detection.applies) return { buildpack, name: detection.name };
  }
  throw new FailedBuild({
    reason: 'no-buildpack-detected',
    rootFiles: (await readdir(join(build.work.tmpDir, build.work.buildPath))).toSorted().slice(0, 100),
    triedNames: candidates.map(({ reference }) => reference),
  });
}

export function announceList(build: RunningBuild, candidates: readonly Buildpack[]): void {
  const [first] = candidates;
  if (candidates.length === 1 && first !== undefined) {
    build.screen.line(`-----> Using buildpack: ${first.reference}`);
    return;
  }
  build.screen.line('-----> Using buildpacks:');
  for (const [index, { reference }] of candidates.entries()) build.screen.line(`       ${index + 1}. ${reference}`);
}

/** Asks a buildpack of the app's own list, just before it compiles: one that refuses the app ends the build. */
export async function confirmBuildpack(build: RunningBuild, buildpack: Buildpack): Promise<ChosenBuildpack> {
  const detection = await runDetect(build, buildpack);
  if (!detection.applies) {
    const { reference } = buildpack;
    throw new FailedBuild({ reason: 'buildpack-not-compatible', buildpack: reference, detail: detection.complaint });
  }
  return { buildpack, name: detection.name };
}

async function runDetect(build: RunningBuild, buildpack: Buildpack): Promise<Detection> {
  const detection = await detect(build.space, buildpack);
  if (detection.endedBy !== 'exit') throw stopped(build.input, 'detect', detection.endedBy);
  return detection;
}
