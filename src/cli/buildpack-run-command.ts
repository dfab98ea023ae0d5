import { resolve } from 'node:path';
import { failureLines, FolderCache } from '../build/index.ts';
import type { BuildOutcome } from '../model/build.ts';
import {
  keepBuild,
  readExports,
  readReport,
  requireBuildpack,
  requireFree,
  ScriptRecorder,
  textOutput,
  type Bench,
  type ScriptsLeft,
} from '../workbench/index.ts';
import { readEnvFile } from './build-command.ts';
import { openBuildShell } from './build-shell.ts';
import { openBench } from './open-bench.ts';
import { stoppable } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';

export interface RunBuildpackOptions {
  readonly app: string;
  readonly buildpack?: readonly string[];
  readonly cache?: string;
  readonly env?: string;
  readonly keep?: string;
  readonly shell?: true;
}

/** `hokku buildpack run DIR --app FOLDER`: one build with live output, and then what each script said and how long it took. */
export async function runBuildpackCommand(
  dir: string,
  options: RunBuildpackOptions,
  terminal: Terminal,
): Promise<number> {
  await requireBuildpack(resolve(dir));
  if (options.keep !== undefined) await requireFree(resolve(options.keep));
  const env = await readEnvFile(options.env);
  const result = await stoppable(async (signal) => {
    await using bench = await openBench(terminal);
    return await runOnce(bench, { ...options, dir: resolve(dir), env, signal }, terminal);
  });
  return result === 'stopped' ? 130 : result;
}

interface OneRun extends Omit<RunBuildpackOptions, 'env'> {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function runOnce(bench: Bench, request: OneRun, terminal: Terminal): Promise<number | 'stopped'> {
  const recorder = new ScriptRecorder();
  const found: string[] = [];
  using output = textOutput((text) => {
    terminal.out(text);
  });
  const outcome = await bench.build({
    appDir: resolve(request.app),
    buildpacks: request.buildpack ?? [request.dir],
    fromDir: process.cwd(),
    env: request.env,
    cache: request.cache === undefined ? bench.cache('app') : new FolderCache(resolve(request.cache)),
    output,
    signal: request.signal,
    watch: recorder.watch,
    afterScripts: async (left) => {
      if (request.signal.aborted) return;
      found.push(...describeScripts(recorder), ...(await describeLeft(left)));
      if (request.keep !== undefined) await keepBuild(left, resolve(request.keep));
      if (request.shell === true && left.status === 'failed') {
        terminal.err('hokku: the build failed; a shell in its folder, `exit` leaves it\n');
        await openBuildShell(left, bench.sandbox);
      }
    },
  });
  if (outcome.status === 'failed' && request.signal.aborted) return 'stopped';
  terminal.out([...outcomeLines(outcome), ...found, ''].join('\n'));
  if (request.keep !== undefined) terminal.out(`-----> Kept in ${request.keep}\n`);
  return outcome.status === 'succeeded' ? 0 : 1;
}

function outcomeLines(outcome: BuildOutcome): readonly string[] {
  if (outcome.status === 'failed') return failureLines(outcome.failure);
  const { processTypes, sizeBytes } = outcome.slug;
  const types = Object.entries(processTypes).map(([type, command]) => `       ${type}: ${command}`);
  return [`-----> Slug of ${sizeBytes} bytes, process types`, ...(types.length === 0 ? ['       (none)'] : types)];
}

function describeScripts(recorder: ScriptRecorder): readonly string[] {
  const lines = recorder.runs.map(
    ({ script, exitCode, durationMs }) =>
      `       ${script.padEnd(8)} ${(durationMs / 1000).toFixed(2).padStart(7)} s   status ${exitCode}`,
  );
  const said = recorder.last('release')?.stdout.trim() ?? '';
  const release =
    said === '' ? [] : ['-----> bin/release printed', ...said.split('\n').map((line) => `       ${line}`)];
  return ['-----> Scripts', ...lines, ...release];
}

async function describeLeft(left: ScriptsLeft): Promise<readonly string[]> {
  const [report, exports] = [await readReport(left), await readExports(left)];
  const reported =
    report === null || ('values' in report && Object.keys(report.values).length === 0)
      ? []
      : 'fault' in report
        ? [` !     bin/report is not usable: ${report.fault}`]
        : ['-----> bin/report printed', ...pairs(report.values)];
  return [
    ...reported,
    ...(Object.keys(exports).length === 0 ? [] : ['-----> Exported to later buildpacks', ...pairs(exports)]),
  ];
}

function pairs(values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `       ${name}: ${String(value)}`);
}
