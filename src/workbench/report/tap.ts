import type { CaseResult } from '../run-case.ts';

interface Point {
  readonly name: string;
  readonly faults: readonly string[];
}

/** The Test Anything Protocol, version 13: a point for each phase. Source: https://testanything.org/tap-version-13-specification.html */
export function tap(results: readonly CaseResult[]): string {
  const points = results.flatMap(pointsOf);
  const lines = points.flatMap(({ name, faults }, index) => {
    const line = `${faults.length === 0 ? 'ok' : 'not ok'} ${index + 1} - ${name.replaceAll('#', '\\#')}`;
    return [line, ...faults.flatMap((fault) => fault.split('\n')).map((text) => `# ${text}`)];
  });
  return ['TAP version 13', `1..${points.length}`, ...lines, ''].join('\n');
}

function pointsOf({ name, faults, phases }: CaseResult): readonly Point[] {
  const tried = phases.map(({ phase, checks }) => ({
    name: `${name}: ${phase}`,
    faults: checks.filter(({ fault }) => fault !== null).map((check) => `${check.name}: ${check.fault ?? ''}`),
  }));
  return faults.length === 0 ? tried : [{ name, faults }, ...tried];
}
