import { randomUUID } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeEnvDir } from '../buildpack/index.ts';
import { exists } from '../lib/exists.ts';
import { removeTree } from '../lib/remove-tree.ts';
import { run } from '../lib/spawn.ts';
import type { BuiltSlug } from '../model/build.ts';
import type { ConfigVars } from '../model/release.ts';
import type { Bench } from './bench.ts';
import type { ExpectedRun, Expectations } from './case-schema.ts';
import { check, checkNamed, type Check } from './check.ts';
import { checkFiles, checkRelocatable } from './check-files.ts';
import { parsePattern } from './pattern.ts';
import { parseEnvironment } from './read-left.ts';
import { runOnSlug, type SlugToRun } from './run-slug.ts';
import { tryWeb } from './try-web.ts';

const commandMs = 120_000;

export interface SlugChecks {
  readonly bench: Bench;
  readonly slug: BuiltSlug;
  /** Of the case. */
  readonly env: ConfigVars;
  readonly signal: AbortSignal;
}

/** All that takes the slug: its files, and commands in it. */
export async function checkSlug(from: SlugChecks, expected: Expectations): Promise<readonly Check[]> {
  const { bench, slug, signal } = from;
  const toRun = slugToRun(from);
  const dir = await bench.unpacked(slug.sha256);
  const checks: Check[] = [...(await checkFiles(dir, expected.files))];
  if (expected.relocatable === true) checks.push(await checkRelocatable(dir));
  if (expected.profile !== undefined) checks.push(...(await checkProfile(from, expected.profile)));
  for (const command of expected.run ?? []) checks.push(await checkRun(from, command));
  if (expected.http !== undefined) {
    checks.push(...(await tryWeb(bench, { ...toRun, processTypes: slug.processTypes }, expected.http, signal)));
  }
  return checks;
}

/** As on the first deploy: what bin/release says does not replace what the app has. */
function slugToRun({ slug, env }: SlugChecks): SlugToRun {
  return { sha256: slug.sha256, configVars: { ...slug.configVars, ...env } };
}

// Scripts of .profile.d may print what they like before it.
const marker = '--hokku-environment--';

async function checkProfile(
  from: SlugChecks,
  expected: NonNullable<Expectations['profile']>,
): Promise<readonly Check[]> {
  const command = `printf %s ${marker}; exec /usr/bin/env -0`;
  const options = { signal: from.signal, timeoutMs: commandMs };
  const { exitCode, output } = await runOnSlug(from.bench, slugToRun(from), command, options);
  const at = output.indexOf(marker);
  if (at === -1) {
    const fault = `a dyno did not get past .profile.d (status ${exitCode}); it said:\n${output.trimEnd()}`;
    return [{ name: 'profile', fault }];
  }
  return checkNamed('profile', expected, parseEnvironment(output.slice(at + marker.length)));
}

async function checkRun(from: SlugChecks, { command, exit = 0, output = [] }: ExpectedRun): Promise<Check> {
  const options = { signal: from.signal, timeoutMs: commandMs };
  const ran = await runOnSlug(from.bench, slugToRun(from), command, options);
  const faults = [
    ...(ran.endedBy === 'timeout' ? [`it did not end within ${commandMs / 1000} s`] : []),
    ...(ran.exitCode === exit ? [] : [`exit status ${ran.exitCode}, expected ${exit}`]),
    ...output.filter((text) => !parsePattern(text).isIn(ran.output)).map((text) => `its output has no ${text}`),
  ];
  return check(`run ${command}`, faults.length === 0, () => [...faults, 'it said:', ran.output.trimEnd()].join('\n'));
}

/** `bin/test BUILD_DIR ENV_DIR` in a dyno of the slug, as Heroku CI runs it. */
export async function checkTests(from: SlugChecks, buildpackDir: string, expected: number): Promise<Check> {
  const name = `bin/test exits with ${expected}`;
  if (!(await exists(join(buildpackDir, 'bin', 'test')))) return { name, fault: 'there is no bin/test' };
  const stage = join(from.bench.dir, `tests-${randomUUID()}`);
  try {
    await mkdir(stage);
    await run('cp', ['-a', '-T', '--', buildpackDir, join(stage, 'buildpack')], { env: { PATH: '/usr/bin:/bin' } });
    await chmod(join(stage, 'buildpack', 'bin', 'test'), 0o755);
    await writeEnvDir(join(stage, 'env'), from.env);
    await chmod(stage, 0o755);
    const command = (tmp: string): string => `${tmp}/ci/buildpack/bin/test "$HOME" ${tmp}/ci/env`;
    const options = { signal: from.signal, timeoutMs: commandMs, files: { ci: stage } };
    const ran = await runOnSlug(from.bench, slugToRun(from), command, options);
    return check(
      name,
      ran.exitCode === expected,
      () => `it exits with ${ran.exitCode}; it said:\n${ran.output.trimEnd()}`,
    );
  } finally {
    await removeTree(stage);
  }
}
