import { watch } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import {
  coverageLines,
  junit,
  lcov,
  measureCoverage,
  prettyCase,
  prettySummary,
  requireBuildpack,
  runCases,
  tap,
  TraceFolder,
  type Bench,
  type CaseResult,
} from '../workbench/index.ts';
import { openBench } from './open-bench.ts';
import { stoppable } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';

export interface TestOptions {
  readonly only?: string;
  readonly update?: true;
  readonly watch?: true;
  readonly jobs?: string;
  readonly reporter: string;
  readonly coverage?: true;
  readonly logs?: string;
  readonly record?: string;
  readonly replay?: string;
}

interface TestRun {
  readonly dir: string;
  readonly only: RegExp | null;
  readonly jobs: number;
  readonly options: TestOptions;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** `hokku buildpack test [DIR]`: runs the cases of a buildpack. */
export async function testBuildpackCommand(dir: string, options: TestOptions, terminal: Terminal): Promise<number> {
  const root = resolve(dir);
  await requireBuildpack(root);
  const only = options.only === undefined ? null : parseOnly(options.only);
  const jobs = options.jobs === undefined ? Math.min(availableParallelism(), 4) : Number(options.jobs);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64) {
    throw new PlatformError('invalid_params', `--jobs ${String(options.jobs)} is no number from 1 to 64.`);
  }
  const result = await stoppable(async (signal) => {
    await using bench = await openBench(terminal, mirrorOf(options));
    const run: TestRun = { dir: root, only, jobs, options, terminal, signal };
    return options.watch === true ? await testAgainAndAgain(bench, run) : await testOnce(bench, run);
  });
  return result === 'stopped' ? 130 : result;
}

function parseOnly(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : '';
    throw new PlatformError('invalid_params', `--only ${text} is no regular expression (${detail}).`, { cause: error });
  }
}

function mirrorOf({ record, replay }: TestOptions): Parameters<typeof openBench>[1] {
  const dir = record ?? replay;
  return dir === undefined ? {} : { mirror: { dir: resolve(dir), isRecording: record !== undefined } };
}

async function testOnce(bench: Bench, { dir, only, jobs, options, terminal, signal }: TestRun): Promise<number> {
  const isPretty = options.reporter === 'pretty';
  const trace = options.coverage === true ? new TraceFolder([dir, join(dir, '../shared')]) : null;
  const tools = { bench, buildpackDir: dir, update: options.update === true, signal, trace };
  const onResult = (result: CaseResult): void => {
    if (isPretty) terminal.out(prettyCase(result));
  };
  const results = await runCases(tools, { only, jobs, onResult });
  if (results.length === 0) {
    const what =
      only === null ? `${join(dir, 'test')} holds no case` : `no case has a name like ${String(options.only)}`;
    terminal.err(
      `hokku: ${what}. A case is test/<name>/case.yml or test/cases/<name>.yml: docs/writing-buildpacks.md\n`,
    );
    return 1;
  }
  if (isPretty) terminal.out(prettySummary(results));
  else terminal.out(report(options.reporter, results));
  if (options.logs !== undefined) await writeLogs(resolve(options.logs), results);
  if (trace !== null) {
    await reportCoverage(dir, trace, (text) => {
      if (isPretty) terminal.out(text);
      else terminal.err(text);
    });
  }
  return results.every(({ status }) => status === 'passed') ? 0 : 1;
}

function report(reporter: string, results: readonly CaseResult[]): string {
  if (reporter === 'junit') return junit(results);
  return reporter === 'tap' ? tap(results) : `${JSON.stringify({ cases: results }, null, 2)}\n`;
}

async function writeLogs(dir: string, results: readonly CaseResult[]): Promise<void> {
  for (const { name, phases } of results) {
    await mkdir(join(dir, name), { recursive: true });
    for (const { phase, output } of phases) await writeFile(join(dir, name, `${phase}.log`), output);
  }
}

async function reportCoverage(dir: string, trace: TraceFolder, print: (text: string) => void): Promise<void> {
  const coverage = await measureCoverage(dir, trace.uses);
  const file = join(dir, 'coverage', 'lcov.info');
  await mkdir(join(dir, 'coverage'), { recursive: true });
  await writeFileAtomic(file, lcov(coverage));
  print(`\n${coverageLines(coverage).join('\n')}\nWritten to ${relative(process.cwd(), file)}\n`);
}

/** Editors write a file in several steps. */
const settleMs = 200;

async function testAgainAndAgain(bench: Bench, run: TestRun): Promise<'stopped'> {
  const { dir, terminal, signal } = run;
  while (!signal.aborted) {
    // Listened for from now on, as people save while a test runs.
    const change = nextChange(dir, signal);
    await testOnce(bench, run);
    terminal.out('\nWaiting for a change; Ctrl-C ends it.\n');
    const path = await change;
    if (path !== null) terminal.out(`\n${path} has changed.\n`);
  }
  return 'stopped';
}

/** The first file that changes from now on, and a moment more; null: aborted. */
function nextChange(dir: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const watcher = watch(dir, { recursive: true });
    const end = (path: string | null) => () => {
      clearTimeout(timer);
      watcher.close();
      resolve(path);
    };
    watcher.on('error', reject);
    watcher.on('change', (_kind, name) => {
      const path = String(name);
      if (/^(?:\.git|coverage|node_modules)\/|\/snapshots\//.test(path)) return;
      clearTimeout(timer);
      timer = setTimeout(end(path), settleMs);
    });
    signal.addEventListener('abort', end(null), { once: true });
    if (signal.aborted) end(null)();
  });
}
