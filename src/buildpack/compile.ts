import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResult } from '../supervisor/index.ts';
import { insidePath, runScript, type BuildSpace } from './build-space.ts';
import { hasScript, type Buildpack } from './buildpack.ts';

// Both streams are one pipe, so that their lines stay in order. Earlier `export` files are sourced without `set -u` or `set -e`, as
// on Heroku: they hold plain assignments and `declare -x` as well as exports.
const compileProgram =
  'exec 2>&1; umask 022; for hokku_export in "${@:4}"; do . "$hokku_export"; done; unset hokku_export; exec "./bin/$0" "$1" "$2" "$3"';

/**
 * Runs `bin/compile BUILD_DIR CACHE_DIR ENV_DIR` in the buildpack's folder, after the `export` files of the buildpacks
 * before it; `forTests`: `bin/test-compile` instead, if there is one. Its output is handed on as it comes. Source: https://devcenter.heroku.com/articles/buildpack-api
 */
export async function compile(
  space: BuildSpace,
  buildpack: Buildpack,
  earlier: readonly Buildpack[],
  onOutput: (chunk: Buffer) => void,
  options: { readonly forTests?: boolean } = {},
): Promise<RunResult> {
  const script = options.forTests === true && (await hasScript(buildpack, 'test-compile')) ? 'test-compile' : 'compile';
  const exports: string[] = [];
  for (const { workPath } of earlier) {
    const file = await lstat(join(space.tmpDir, workPath, 'export')).catch(() => null);
    if (file?.isFile() === true) exports.push(insidePath(space, workPath, 'export'));
  }
  return runScript(space, {
    argv: ['/bin/bash', '-c', compileProgram, script, space.buildDir, space.cacheDir, space.envDir, ...exports],
    cwd: insidePath(space, buildpack.workPath),
    onStdout: onOutput,
    onStderr: onOutput,
  });
}

/**
 * Runs `bin/report` of a compile that failed, which tells the author's own statistics. Nothing depends on how it ends.
 * After a compile that succeeded, `readRelease` runs it.
 */
export async function report(space: BuildSpace, buildpack: Buildpack): Promise<void> {
  const ignore = (): void => undefined;
  await runScript(space, {
    argv: ['/bin/bash', '-c', 'exec ./bin/report "$@"', 'report', space.buildDir, space.cacheDir, space.envDir],
    cwd: insidePath(space, buildpack.workPath),
    onStdout: ignore,
    onStderr: ignore,
    timeoutMs: 10_000,
  });
}
