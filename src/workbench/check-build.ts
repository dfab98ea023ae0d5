import type { ScriptsLeft } from '../build/index.ts';
import type { BuildFailure, BuildOutcome } from '../model/build.ts';
import type { Expectations } from './case-schema.ts';
import { check, checkNamed, quoted, type Check } from './check.ts';
import { parsePattern } from './pattern.ts';
import { readExports, readReport, type Report } from './read-left.ts';
import type { ScriptRecorder } from './script-recorder.ts';

/** A build that has ended, and what its scripts said. */
export interface EndedBuild {
  readonly outcome: BuildOutcome;
  /** All that a pusher would have read. */
  readonly output: string;
  readonly recorder: ScriptRecorder;
  readonly durationMs: number;
  readonly found: FoundValues;
}

/** What only the folders of a build tell. */
export interface FoundValues {
  readonly exports: Readonly<Record<string, string>>;
  readonly report: Report;
}

export const nothingFound: FoundValues = { exports: {}, report: null };

/** Asks only for what a case expects, as each question runs a script. */
export async function findValues(left: ScriptsLeft, expected: Expectations): Promise<FoundValues> {
  return {
    exports: expected.exports === undefined ? {} : await readExports(left),
    report: expected.report === undefined ? null : await readReport(left),
  };
}

/** All that can be told without the slug. */
export function checkBuild(build: EndedBuild, expected: Expectations): readonly Check[] {
  const { outcome, output, recorder, durationMs, found } = build;
  return [
    checkStatus(outcome, expected.status ?? 'built'),
    ...checkExit(recorder, expected.exit),
    ...checkDetects(recorder, expected.detects),
    ...(expected.output ?? []).map((text) =>
      check(`output has ${text}`, parsePattern(text).isIn(output), () => `no line of the output has ${text}`),
    ),
    ...(expected.never ?? []).map((text) =>
      check(
        `output lacks ${text}`,
        !parsePattern(text).isIn(output),
        () => `${text} is there: ${quoted(lineWith(text, output))}`,
      ),
    ),
    ...checkNamed('export', expected.exports, found.exports),
    ...checkReport(found.report, expected),
    ...checkNamed('process type', expected.processes, outcome.status === 'succeeded' ? outcome.slug.processTypes : {}),
    ...checkLimits(outcome, durationMs, expected),
  ];
}

const statusOf = (outcome: BuildOutcome): NonNullable<Expectations['status']> => {
  if (outcome.status === 'succeeded') return 'built';
  return isNotDetected(outcome.failure) ? 'not-detected' : 'failed';
};

function isNotDetected({ reason }: BuildFailure): boolean {
  return reason === 'no-buildpack-detected' || reason === 'buildpack-not-compatible';
}

function checkStatus(outcome: BuildOutcome, expected: NonNullable<Expectations['status']>): Check {
  const status = statusOf(outcome);
  const why = outcome.status === 'failed' ? ` (${outcome.failure.reason})` : '';
  return check(`status ${expected}`, status === expected, () => `it is ${status}${why}`);
}

function checkExit(recorder: ScriptRecorder, expected: number | undefined): readonly Check[] {
  if (expected === undefined) return [];
  const run = recorder.last('test-compile') ?? recorder.last('compile');
  const said = run === null ? 'bin/compile was not run' : `it is ${run.exitCode}`;
  return [check(`exit status of compile ${expected}`, run?.exitCode === expected, () => said)];
}

function checkDetects(recorder: ScriptRecorder, expected: string | undefined): readonly Check[] {
  if (expected === undefined) return [];
  const said = recorder.last('detect')?.stdout.trim() ?? null;
  const isMet = said !== null && parsePattern(expected).is(said);
  return [
    check(`detect prints ${expected}`, isMet, () =>
      said === null ? 'bin/detect was not run' : `it prints ${quoted(said)}`,
    ),
  ];
}

function checkReport(report: Report, { report: expected }: Expectations): readonly Check[] {
  if (expected === undefined) return [];
  if (report === null) return [{ name: 'report', fault: 'there is no bin/report' }];
  if ('fault' in report) return [{ name: 'report', fault: `bin/report is not usable: ${report.fault}` }];
  return checkNamed('report', expected, report.values);
}

function checkLimits(outcome: BuildOutcome, durationMs: number, expected: Expectations): readonly Check[] {
  const { within, slug } = expected;
  const checks: Check[] = [];
  if (within !== undefined) {
    const took = `it took ${(durationMs / 1000).toFixed(1)} s`;
    checks.push(check(`done within ${within} s`, durationMs <= within * 1000, () => took));
  }
  if (slug !== undefined && outcome.status === 'succeeded') {
    const megabytes = outcome.slug.sizeBytes / 1_000_000;
    checks.push(
      check(`slug of at most ${slug.max_mb} MB`, megabytes <= slug.max_mb, () => `it has ${megabytes.toFixed(2)} MB`),
    );
  }
  return checks;
}

function lineWith(text: string, output: string): string {
  const pattern = parsePattern(text);
  return output.split('\n').find((line) => pattern.isIn(line)) ?? text;
}
