import type { CaseResult, PhaseResult } from '../run-case.ts';
import { lastLines } from './pretty.ts';

/** As most CI servers read it: a suite for each case, a test for each phase. */
export function junit(results: readonly CaseResult[]): string {
  const suites = results.map(suite);
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join('\n');
}

function suite({ name, file, phases, faults, durationMs }: CaseResult): string {
  const invalid = faults.length === 0 ? [] : [test(name, 'case', 0, faults.join('\n'))];
  const tests = [...invalid, ...phases.map((phase) => test(name, phase.phase, phase.buildMs, faultOf(phase)))];
  const failures = invalid.length + phases.filter(({ status }) => status === 'failed').length;
  const counts = `tests="${tests.length}" failures="${failures}" time="${seconds(durationMs)}"`;
  return [`<testsuite name="${escape(name)}" file="${escape(file)}" ${counts}>`, ...tests, '</testsuite>'].join('\n');
}

function test(suiteName: string, name: string, ms: number, fault: string | null): string {
  const open = `<testcase classname="${escape(suiteName)}" name="${escape(name)}" time="${seconds(ms)}"`;
  if (fault === null) return `${open}/>`;
  const message = escape(fault.split('\n')[0] ?? '');
  return `${open}><failure message="${message}">${escape(fault)}</failure></testcase>`;
}

function faultOf({ checks, output }: PhaseResult): string | null {
  const failed = checks.filter(({ fault }) => fault !== null);
  if (failed.length === 0) return null;
  return [...failed.map(({ name, fault }) => `${name}: ${fault ?? ''}`), lastLines(output)].join('\n');
}

/** XML 1.0 has no way to write most control characters at all. */
function escape(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
