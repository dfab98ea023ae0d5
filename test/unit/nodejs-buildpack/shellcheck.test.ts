import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import { spawn } from '../../../src/lib/spawn.ts';

const buildpacksDir = join(import.meta.dirname, '../../../buildpacks');
const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };

it.each(['apt', 'deno', 'go', 'gradle', 'java', 'nodejs', 'php', 'procfile', 'rust', 'static', 'shared'])(
  'finds nothing wrong with the scripts of %s',
  async (name) => {
    const cwd = join(buildpacksDir, name);
    const find = 'find . -name "*.sh" -o -path "./bin/*" -type f';
    const files = (await spawn('bash', ['-c', find], { cwd, env })).stdout.toString().trim().split('\n');
    expect(files.length).toBeGreaterThanOrEqual(4);
    const check = await spawn('shellcheck', ['-x', ...files], { cwd, env }).catch(() => null);
    if (check === null) process.stderr.write('skipped: shellcheck is not installed\n');
    expect(check?.stdout.toString() ?? '').toBe('');
  },
);
