import { median, part } from './check-footprint.ts';
import type { DeployFigures } from './many-deploys.ts';

/** The figures of a run in Markdown. */
export function describeDeploys(deploys: number, figures: DeployFigures): string {
  const { seconds, broken, changes, load, before, after, mostBytes } = figures;
  const mb = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;
  const memory = (of: 'controlPlane' | 'router'): string => {
    const samples = figures.memory.map((sample) => sample[of]);
    return `${mb(median(part(samples, 0.1, 0.3)))} → ${mb(median(part(samples, 0.8, 1)))}`;
  };
  const descriptors = (of: 'controlPlane' | 'router'): string => `${before[of].descriptors} → ${after[of].descriptors}`;
  return [
    `## ${deploys.toLocaleString('en')} deploys under traffic`,
    '',
    `One app with two dynos and five visitors who never pause, deployed ${deploys.toLocaleString('en')} times in ${Math.round(seconds / 60)} minutes, ${broken} of them broken in seven ways, with ${changes} config changes, restarts, rollbacks and scalings in between (\`test/reliability/deploys.test.ts\`).`,
    '',
    `- Requests: ${load.requests.toLocaleString('en')}, failed ${load.failures.length}, wrong answers ${load.stale.length}, the slowest ${load.slowestMs} ms`,
    `- Disk: at most ${mb(mostBytes)}, the quota being ${mb(after.quotaBytes)}; packs of the repository: ${after.packs}`,
    `- Memory of the control plane (median, early → late): ${memory('controlPlane')}; of the router: ${memory('router')}`,
    `- Open descriptors of the control plane (before → after): ${descriptors('controlPlane')}; of the router: ${descriptors('router')}`,
    '- Left behind (processes, mounts, folders, half files): nothing',
  ].join('\n');
}
