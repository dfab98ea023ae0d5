import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ScriptsLeft } from '../build/index.ts';
import { hasScript, insidePath, runScript, type Buildpack, type BuildSpace } from '../buildpack/index.ts';

const maxBytes = 1024 * 1024;

/** What the last buildpack's `bin/report` says. `fault`: why the platform could not read it; null: there is no `bin/report`. */
export type Report = { readonly values: Readonly<Record<string, unknown>> } | { readonly fault: string } | null;

/** Runs `bin/report` once more, as its output is not kept by a build. */
export async function readReport({ space, buildpacks }: ScriptsLeft): Promise<Report> {
  const buildpack = buildpacks.at(-1);
  if (buildpack === undefined || !(await hasScript(buildpack, 'report'))) return null;
  const said = await capture(space, {
    argv: ['/bin/bash', '-c', 'exec ./bin/report "$@"', 'report', space.buildDir, space.cacheDir, space.envDir],
    cwd: insidePath(space, buildpack.workPath),
  });
  if (said.exitCode !== 0) return { fault: `it exited with status ${said.exitCode}` };
  try {
    const values: unknown = parse(said.stdout, { maxAliasCount: 20, logLevel: 'error' });
    if (values === null || values === undefined) return { values: {} };
    if (typeof values !== 'object' || Array.isArray(values)) return { fault: 'it did not print a mapping' };
    const nested = Object.entries(values).find(([, value]) => typeof value === 'object' && value !== null);
    if (nested !== undefined) return { fault: `${nested[0]} is no plain value` };
    return { values: values as Record<string, unknown> };
  } catch (error) {
    return { fault: `it did not print YAML: ${(error instanceof Error ? error.message : '').split('\n')[0] ?? ''}` };
  }
}

/** The variables that the next buildpack would see otherwise than the first: what the `export` files make of the environment. */
export async function readExports({ space, buildpacks }: ScriptsLeft): Promise<Readonly<Record<string, string>>> {
  const files = await exportFiles(space, buildpacks);
  if (files.length === 0) return {};
  const { stdout } = await capture(space, {
    argv: ['/bin/bash', '-c', `${sourceExports}; exec /usr/bin/env -0`, 'exports', ...files],
    cwd: '/',
  });
  const seen = parseEnvironment(stdout);
  return Object.fromEntries(
    Object.entries(seen).filter(([name, value]) => space.env[name] !== value && !own.has(name)),
  );
}

/** For `bash -c`, with the files as arguments. As the platform does it: without `set -e` and `set -u`. */
export const sourceExports = 'for hokku_export in "$@"; do . "$hokku_export" > /dev/null; done; unset hokku_export';

/** What bash sets by itself. */
const own: ReadonlySet<string> = new Set(['_', 'SHLVL', 'PWD', 'OLDPWD', 'BASH_ENV']);

/** Inside paths of the `export` files that these buildpacks left, in order. */
export async function exportFiles(space: BuildSpace, buildpacks: readonly Buildpack[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const { workPath } of buildpacks) {
    const file = await lstat(join(space.tmpDir, workPath, 'export')).catch(() => null);
    if (file?.isFile() === true) files.push(insidePath(space, workPath, 'export'));
  }
  return files;
}

/** The output of `env -0`. */
export function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const entries = text.split('\0').filter((entry) => entry.includes('='));
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

async function capture(
  space: BuildSpace,
  script: { readonly argv: readonly string[]; readonly cwd: string },
): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const result = await runScript(space, {
    ...script,
    onStdout: (chunk) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(Buffer.from(chunk));
    },
    onStderr: () => undefined,
    timeoutMs: 10_000,
  });
  return { exitCode: result.exitCode, stdout: Buffer.concat(chunks).toString('utf8') };
}
