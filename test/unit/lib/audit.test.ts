import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { spawn } from '../../../src/lib/spawn.ts';
import { checkout } from '../../rig/platform-rig.ts';

const finding = (severity: string) => ({ name: 'bad', severity, range: '<2', via: [{ title: 'A hole', url: 'x' }] });
const reportOf = (severity: string) => ({
  vulnerabilities: { bad: finding(severity) },
  metadata: { vulnerabilities: { total: 1 } },
});

it.each([
  ['a clean report', { vulnerabilities: {}, metadata: { vulnerabilities: { total: 0 } } }, 0, '0 high or critical'],
  ['a moderate finding', reportOf('moderate'), 0, '0 high or critical, 1 in all'],
  ['a high finding', reportOf('high'), 1, 'high: bad <2: A hole x'],
  ['a critical finding', reportOf('critical'), 1, 'critical: bad <2'],
  [
    'a registry without audits',
    { statusCode: 405, message: 'Method Not Allowed' },
    0,
    'could not be asked (it answered 405',
  ],
])('ends the audit of dependencies rightly for %s', async (_name, report, exitCode, says) => {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-audit-'));
  try {
    await writeFile(join(dir, 'npm'), `#!/bin/sh\ncat <<'EOF'\n${JSON.stringify(report)}\nEOF\nexit 1\n`);
    await chmod(join(dir, 'npm'), 0o755);
    const env = { PATH: `${dir}:${dirname(process.execPath)}:/usr/bin:/bin` };
    const ended = await spawn(process.execPath, [join(checkout, '.config', 'audit.js')], { env });
    expect([ended.exitCode, ended.stdout.toString()]).toEqual([exitCode, expect.stringContaining(says)]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
