import { openCgroups } from '../../cgroup/index.ts';
import { cgroupRemedy } from './cgroup-remedy.ts';
import { degraded, ok, type Finding } from './finding.ts';

const name = 'cgroups';

/** What is not limited without it. */
const losses = {
  memory: 'the memory of dynos and builds is added up once a second instead of limited by the kernel',
  pids: 'processes are limited by user only: as root all dynos of an app together, and without a sandbox not at all',
  cpu: 'a dyno may take all processors from the others and from the platform',
} as const;

/** Whether this process may make groups in which the kernel limits dynos and builds: tried out, under a name of our own. */
export async function checkCgroups(dataDir: string): Promise<Finding> {
  await using groups = await openCgroups(`${dataDir}/doctor-${process.pid}`);
  const absent = (['memory', 'pids', 'cpu'] as const).filter((controller) => !groups.controllers.has(controller));
  if (absent.length === 0) return ok(name, groups.description, false);
  const { versions, fault } = groups;
  return degraded(name, {
    evidence: groups.description,
    lost: absent.map((controller) => losses[controller]).join('; '),
    remedy: cgroupRemedy({ isRoot: process.getuid?.() === 0, versions, fault }),
  });
}
