import { lstat, readdir, readFile } from 'node:fs/promises';
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
import { parseBuildpackReference } from '../model/buildpack-reference.ts';
import type { RunningBuild } from './build-input.ts';
import { FailedBuild } from './failed-build.ts';
import { stopped } from './stopped.ts';

/**
 * What the app asks for: its config var BUILDPACK_URL, which old apps have, the list that is set, or its file `.buildpacks`.
 * Empty: nothing. Source: https://github.com/heroku/heroku-buildpack-multi
 */
export async function askedBuildpacks({ input, work }: RunningBuild): Promise<readonly string[]> {
  const url = input.configVars['BUILDPACK_URL'] ?? input.configVars['LANGUAGE_PACK_URL'] ?? '';
  if (url.trim() !== '') return [parse(url, 'The config var BUILDPACK_URL')];
  if (input.buildpacks.length > 0) return input.buildpacks;
  const file = join(work.tmpDir, work.buildPath, '.buildpacks');
  const isFile = (await lstat(file).catch(() => null))?.isFile() === true;
  const text = isFile ? (await readFile(file, 'utf8')).slice(0, 64 * 1024) : '';
  const lines = text.split('\n').map((line) => line.trim());
  const listed = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (listed.length > maxBuildpacks) {
    const detail = `The file .buildpacks has ${listed.length} lines, and an app has at most ${maxBuildpacks} buildpacks`;
    throw new FailedBuild({ reason: 'buildpack-unavailable', buildpack: '.buildpacks', detail });
  }
  return listed.map((line) => parse(line, 'The file .buildpacks'));
}

const maxBuildpacks = 20;

function parse(text: string, where: string): string {
  const reference = parseBuildpackReference(text.trim());
  if (reference !== null) return reference;
  // It may hold a credential, and is shown to everybody who sees the build.
  const detail = `${where} has something that is neither a name like heroku/python nor the https:// URL of a git repository or .tgz without a password in it, nor a folder of the app like ./buildpacks/ours`;
  throw new FailedBuild({ reason: 'buildpack-unavailable', buildpack: 'that is asked for', detail });
}

/** The buildpacks that may be asked: those that the app asks for, or all that the platform has. */
export async function listCandidates(
  { input, tools, work: { dir, tmpDir, buildPath }, screen }: RunningBuild,
  references: readonly string[],
): Promise<readonly Buildpack[]> {
  const candidates = new Map<string, Buildpack>();
  const { buildpacksDir, fetchedBuildpacks: fetched, registryFile } = tools;
  const local = tools.localBuildpacks ?? new Map<string, string>();
  const sources = { buildpacksDir, fetched, registryFile, local, sourceDir: join(tmpDir, buildPath), keepDir: dir };
  for (const reference of references) {
    const resolved = await resolveBuildpack(reference, sources, input.signal);
    if (input.signal.aborted) throw stopped(input, 'detect', 'abort');
    if (resolved.status === 'unavailable') {
      throw new FailedBuild({ reason: 'buildpack-unavailable', buildpack: reference, detail: resolved.detail });
    }
    if (resolved.version !== null) screen.line(`-----> Fetched ${reference} (${resolved.version.slice(0, 8)})`);
    if (resolved.warning !== null) screen.line(` !     Warning: ${reference}: ${resolved.warning}.`);
    candidates.set(resolved.buildpack.reference, resolved.buildpack);
  }
  if (references.length === 0) {
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

/** The first of the platform's buildpacks that knows the app, after those that prepare any app. */
export async function findBuildpacks(
  build: RunningBuild,
  candidates: readonly Buildpack[],
): Promise<readonly ChosenBuildpack[]> {
  const found: ChosenBuildpack[] = [];
  build.screen.line('-----> Determining which buildpack to use for this app');
  for (const buildpack of candidates) {
    if (!(await hasScript(buildpack, 'detect'))) continue;
    const detection = await runDetect(build, buildpack);
    if (detection.applies) found.push({ buildpack, name: detection.name });
    if (detection.applies && buildpack.goesFirst !== true) return found;
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
