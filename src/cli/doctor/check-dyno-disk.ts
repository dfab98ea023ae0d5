import { tmpdir } from 'node:os';
import { whyNoDiskImages } from '../../dyno/index.ts';
import type { Sandbox } from '../../supervisor/index.ts';
import { degraded, ok, type Finding } from './finding.ts';

const name = 'dyno disk';

/** Whether each dyno can have a file system of its own, tried out in the folder for temporary files. */
export async function checkDynoDisk(sandbox: Sandbox | null): Promise<Finding> {
  const why = sandbox === null ? 'there is no sandbox' : await whyNoDiskImages(sandbox, tmpdir());
  if (why === null) return ok(name, 'each dyno has a file system of its own for what it writes', false);
  return degraded(name, {
    evidence: `no file systems of their own: ${why}`,
    lost: 'a dyno that writes too much is ended a moment later instead of being told that its disk is full',
    remedy: 'Run the platform as root where /dev/loop-control is usable and mkfs.ext4 is installed.',
    packages: process.getuid?.() === 0 && /mkfs\.ext4/.test(why) ? ['e2fsprogs'] : [],
  });
}
