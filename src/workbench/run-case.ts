import { join } from 'node:path';
import { failureLines } from '../build/index.ts';
import type { Bench, BenchBuild } from './bench.ts';
import type { Expectations, PhaseName } from './case-schema.ts';
import { check, type Check } from './check.ts';
import { checkBuild, findValues, nothingFound, type EndedBuild, type FoundValues } from './check-build.ts';
import { checkSlug, checkTests } from './check-slug.ts';
import { layOutApp } from './lay-out-app.ts';
import type { Case } from './load-case.ts';
import { normalise } from './normalise.ts';
import { ScriptRecorder } from './script-recorder.ts';
import { compareSnapshot } from './snapshot.ts';
import { textOutput } from './text-output.ts';
import type { TraceFolder } from './trace-folder.ts';

export interface PhaseResult {
  readonly phase: PhaseName;
  readonly status: 'passed' | 'failed';
  readonly checks: readonly Check[];
  /** Of the build alone. */
  readonly buildMs: number;
  readonly output: string;
}

export interface CaseResult {
  readonly name: string;
  readonly file: string;
  readonly status: 'passed' | 'failed';
  readonly phases: readonly PhaseResult[];
  /** Why it could not be run; empty: it was. */
  readonly faults: readonly string[];
  readonly durationMs: number;
}

export interface CaseTools {
  readonly bench: Bench;
  readonly buildpackDir: string;
  /** Snapshots that differ are written. */
  readonly update: boolean;
  readonly signal: AbortSignal;
  /** Hears what each line of bash does; null: nobody wants to know. */
  readonly trace: TraceFolder | null;
}

/** All phases of a case, one after the other; the first one that fails is the last. */
export async function runCase(tools: CaseTools, running: Case): Promise<CaseResult> {
  const startedAt = performance.now();
  const phases: PhaseResult[] = [];
  for (const phase of running.phases) {
    const result = await runPhase(tools, running, phase);
    phases.push(result);
    if (result.status === 'failed') break;
  }
  const status = phases.every((phase) => phase.status === 'passed') ? 'passed' : 'failed';
  const { name, file } = running;
  return { name, file, status, phases, faults: [], durationMs: performance.now() - startedAt };
}

async function runPhase(tools: CaseTools, running: Case, phase: PhaseName): Promise<PhaseResult> {
  const { bench, signal, buildpackDir } = tools;
  const { content } = running;
  const expected: Expectations = content[phase] ?? {};
  const env = envOf(running);
  const build = await buildOnce(tools, running, phase, expected);
  signal.throwIfAborted();
  const checks: Check[] = [...checkBuild(build, expected)];
  if (build.outcome.status === 'succeeded') {
    const from = { bench, slug: build.outcome.slug, env, signal };
    checks.push(...(await checkSlug(from, expected)));
    const testExit = phase === 'ci' ? content.ci?.test_exit : undefined;
    if (testExit !== undefined) checks.push(await checkTests(from, buildpackDir, testExit));
  }
  if (expected.snapshot === true) checks.push(await checkSnapshot(tools, running, phase, build.output));
  signal.throwIfAborted();
  const status = checks.every(({ fault }) => fault === null) ? 'passed' : 'failed';
  return { phase, status, checks, buildMs: build.durationMs, output: build.output };
}

function envOf({ content }: Case): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(content.env ?? {}).map(([name, value]) => [name, String(value)]));
}

async function buildOnce(
  { bench, buildpackDir, signal, trace }: CaseTools,
  running: Case,
  phase: PhaseName,
  expected: Expectations,
): Promise<EndedBuild> {
  const { content, name } = running;
  await using app = await layOutApp(bench.dir, running, phase === 'changed' ? (content.changed?.change ?? null) : null);
  const recorder = new ScriptRecorder();
  const said: string[] = [];
  const output = textOutput((text) => said.push(text));
  let found: FoundValues = nothingFound;
  const request: BenchBuild = {
    appDir: app.dir,
    buildpacks: content.buildpacks ?? ['.'],
    fromDir: buildpackDir,
    env: envOf(running),
    // As on Heroku, test runs have a cache of their own.
    cache: bench.cache(join(phase === 'ci' ? 'ci' : 'app', name)),
    output,
    signal,
    ...(content.timeout === undefined ? {} : { timeoutMs: content.timeout * 1000 }),
    isForTests: phase === 'ci',
    watch: (run) => recorder.watch(trace === null ? run : trace.watch(run)),
    afterScripts: async (left) => {
      if (trace !== null) await trace.collect(left);
      found = await findValues(left, expected);
    },
  };
  const startedAt = performance.now();
  const outcome = await bench.build(request);
  const durationMs = performance.now() - startedAt;
  output[Symbol.dispose]();
  if (outcome.status === 'failed') said.push(`${failureLines(outcome.failure).join('\n')}\n`);
  return { outcome, output: said.join(''), recorder, durationMs, found };
}

async function checkSnapshot(
  { bench, update }: CaseTools,
  running: Case,
  phase: PhaseName,
  output: string,
): Promise<Check> {
  const text = normalise(output, running.content.normalise);
  const options = { update, scratchDir: bench.dir };
  const fault = await compareSnapshot(running.snapshotFile(phase), text, options);
  return check('output is that of the snapshot', fault === null, () => fault ?? '');
}
