import type { RunResult } from '../supervisor/index.ts';
import { BoundedBytes } from './bounded-bytes.ts';
import { insidePath, runScript, type BuildSpace } from './build-space.ts';
import type { Buildpack } from './buildpack.ts';

export interface Detection extends RunResult {
  /** Exit code 0. */
  readonly applies: boolean;
  /** First line of standard output: `Python`. The buildpack's own name where it printed none. */
  readonly name: string;
  /** Standard error, at most 8 KB. */
  readonly complaint: string;
}

/** Asks a buildpack whether it knows the app: `bin/detect BUILD_DIR`. */
export async function detect(space: BuildSpace, buildpack: Buildpack): Promise<Detection> {
  const stdout = new BoundedBytes(4096);
  const stderr = new BoundedBytes(8192);
  const result = await runScript(space, {
    argv: ['/bin/bash', '-c', 'umask 022; exec ./bin/detect "$1"', 'detect', space.buildDir],
    cwd: insidePath(space, buildpack.workPath),
    onStdout: stdout.write,
    onStderr: stderr.write,
  });
  const applies = result.endedBy === 'exit' && result.exitCode === 0;
  return { ...result, applies, name: displayName(stdout.toString(), buildpack), complaint: stderr.toString() };
}

function displayName(stdout: string, buildpack: Buildpack): string {
  const line = stdout.split('\n')[0] ?? '';
  // eslint-disable-next-line no-control-regex -- that is what is taken out
  const name = line.replace(/[\x00-\x1f\x7f]/g, '').trim();
  return name === '' ? buildpack.reference.replace(/^heroku\//, '') : name.slice(0, 100);
}
