import { expect, it } from '@jest/globals';
import { PlatformRig } from '../rig/platform-rig.ts';

it('takes an app from git push to a page, and a second push to another page', async () => {
  await using rig = await PlatformRig.start();
  const app = await rig.createApp();
  await app.useFixture('python-stdlib');
  await app.commit('first');

  const first = await app.push();

  expect(first.exitCode).toBe(0);
  expect(first.remoteLines).toContain('-----> Python app detected');
  expect(first.remoteLines).toContain('       Released v3');
  expect((await app.get()).status).toBe(200);
  expect((await app.dynos()).map((dyno) => [dyno.name, dyno.state])).toEqual([['web.1', 'up']]);

  await app.write({ VERSION: 'second\n' });
  await app.commit('second');
  const second = await app.push();

  expect(second.exitCode).toBe(0);
  expect(second.remoteLines).toContain('       Released v4');
  expect((await app.get()).status).toBe(200);
  expect((await app.releases()).map((release) => release.description)).toEqual([
    'Initial release',
    'Enable Logplex',
    expect.stringMatching(/^Deploy [0-9a-f]{8}$/),
    expect.stringMatching(/^Deploy [0-9a-f]{8}$/),
  ]);
});
