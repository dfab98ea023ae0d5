import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';

it('tells the operator that there is no backup, until there is one', async () => {
  const causes: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      causes.push((JSON.parse(body) as { cause: string }).cause);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const settings = { HOKKU_WATCH_SECONDS: '1', HOKKU_NOTIFY_URL: url, HOKKU_NOTIFY_SECRET: 'sixteen characters' };
  try {
    await using rig = await PlatformRig.start({ settings: { ...settings, HOKKU_BACKUP_MAX_DAYS: '1' } });
    await eventually('it is told', () => Promise.resolve(causes.includes('backup-old')));
    expect(rig.platformLog).toContain('There is no backup. Make one: hokku backup.');
    await rig.terminateServer();
    await writeFile(join(rig.dataDir, 'last-backup'), 'spoiled');
    await rig.startServer();
    const { exitCode, stderr } = await rig.operate(['backup', join(rig.home, 'backup.tar')]).ended;
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('backup.tar')]);
    const noted = new Date((await readFile(join(rig.dataDir, 'last-backup'), 'utf8')).trim());
    expect(Math.abs(Date.now() - noted.getTime())).toBeLessThan(60_000);
    expect(causes.filter((cause) => cause === 'backup-old')).toHaveLength(1);
    expect(rig.platformLog).not.toContain('sixteen characters');
    expect(rig.platformLog).not.toContain('could not be looked at');

    const wrong = await rig.operate(['server'], {
      HOKKU_NOTIFY_SECRET: 'short',
      HOKKU_DATA_DIR: join(rig.home, 'other'),
    }).ended;
    expect([wrong.exitCode === 0, wrong.stderr]).toEqual([false, expect.stringContaining('16 characters or more')]);
  } finally {
    server.close();
  }
});
