import type { Kill } from './chaos.ts';
import type { Target } from './blows.ts';
import { allSteps, nameOf } from './steps.ts';

/** A Markdown table: a row for each step of the state machines, a column for each target, how often it was killed there. */
export function coverageTable(kills: readonly Kill[], targets: readonly Target[]): string {
  const rows = allSteps().map((step) => {
    const name = nameOf(step);
    const counts = targets.map((target) => kills.filter((kill) => kill.step === name && kill.target === target).length);
    return `| ${name.replace('->', '→')} | ${counts.join(' | ')} |`;
  });
  const sums = targets.map((target) => kills.filter((kill) => kill.target === target).length);
  return [
    `| Step | ${targets.join(' | ')} |`,
    `| --- |${targets.map(() => ' ---: |').join('')}`,
    ...rows,
    `| **together: ${kills.length}** | ${sums.join(' | ')} |`,
  ].join('\n');
}

/** How long it took until all was well again, in milliseconds, and how many requests came in meanwhile. */
export function recoveryTable(kills: readonly Kill[], targets: readonly Target[]): string {
  const rows = targets.map((target) => {
    const own = kills.filter((kill) => kill.target === target);
    const times = own.map(({ recoveredMs }) => Math.round(recoveredMs)).sort((a, b) => a - b);
    const sum = (of: (kill: Kill) => number): number => own.reduce((all, kill) => all + of(kill), 0);
    const at = (part: number): string =>
      String(times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? '-');
    return `| ${target} | ${own.length} | ${at(0.5)} | ${at(1)} | ${sum(({ requests }) => requests)} | ${sum(({ failedRequests }) => failedRequests)} |`;
  });
  return [
    '| Killed | times | median ms | slowest ms | requests meanwhile | failed |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}
