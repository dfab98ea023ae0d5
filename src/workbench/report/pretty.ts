import type { CaseResult, PhaseResult } from '../run-case.ts';

const maxLines = 30;

/** One case for people: a line for each phase, and all that went wrong. */
export function prettyCase({ name, file, status, phases, faults, durationMs }: CaseResult): string {
  const lines = [`${status === 'passed' ? 'ok  ' : 'FAIL'} ${name}  (${seconds(durationMs)})`];
  for (const fault of faults) lines.push(`     ${file}: ${fault}`);
  for (const phase of phases) lines.push(...phaseLines(phase));
  return `${lines.join('\n')}\n`;
}

function phaseLines({ phase, status, checks, buildMs, output }: PhaseResult): readonly string[] {
  const done = `     ${status === 'passed' ? 'ok  ' : 'FAIL'} ${phase}: ${checks.length} checks, built in ${seconds(buildMs)}`;
  const failed = checks.filter(({ fault }) => fault !== null);
  const details = failed.flatMap(({ name, fault }) => [`       - ${name}`, ...indented(fault ?? '')]);
  return failed.length === 0 ? [done] : [done, ...details, ...indented(lastLines(output))];
}

export function prettySummary(results: readonly CaseResult[]): string {
  const failed = results.filter(({ status }) => status === 'failed');
  const checks = results.flatMap(({ phases }) => phases.flatMap((phase) => phase.checks)).length;
  const names = failed.length === 0 ? '' : `; failed: ${failed.map(({ name }) => name).join(', ')}`;
  return `\n${results.length - failed.length} of ${results.length} cases passed, ${checks} checks${names}\n`;
}

/** The end of a build's output, for failures. */
export function lastLines(output: string): string {
  const lines = output.trimEnd().split('\n');
  const more = lines.length > maxLines ? [`... ${lines.length - maxLines} lines before`] : [];
  return ['', ...more, ...lines.slice(-maxLines)].join('\n');
}

function indented(text: string): readonly string[] {
  return text.split('\n').map((line) => (line === '' ? '' : `         ${line}`));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
