import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { HokkuCommand } from '../rig/hokku-command.ts';

it('goes from nothing to an answered page, redeploys the second time, and leaves nothing running', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-demo-'));
  try {
    // No package index answers there: the app without dependencies is pushed, which needs nothing from outside.
    const noIndex = { PIP_INDEX_URL: 'http://127.0.0.1:9/simple/' };
    const first = await new HokkuCommand(dir, ['demo', '--once'], noIndex).ended;
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toContain('no Python package index can be reached, so the app without dependencies is pushed');
    expect(first.stdout + first.stderr).toContain('Released v3');
    expect(first.stdout).toMatch(/http:\/\/hello\.localhost:\d+\/ answered 200 in \d+ ms/);

    const second = await new HokkuCommand(dir, ['demo', '--once'], noIndex).ended;
    expect(second).toMatchObject({ exitCode: 0 });
    expect(second.stdout + second.stderr).toContain('Released v4');
    expect(await readdir(join(dir, 'data', 'dynos'))).toEqual([]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
