import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PlatformRig } from '../rig/platform-rig.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());

it('gives its answer to whoever is still sending a body that is too large, every time', async () => {
  const body = JSON.stringify({ name: 'x'.repeat(10_000_000) });
  const headers = {
    accept: 'application/vnd.heroku+json; version=3',
    authorization: `Bearer ${rig.token}`,
    'content-type': 'application/json',
  };
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(
      Array.from({ length: 8 }).map(() => rig.request('localhost', '/apps', { method: 'POST', headers, body })),
    );
    const told = answers.map((answer) => [answer.status, (JSON.parse(answer.body) as { id: string }).id]);
    expect(told).toEqual(answers.map(() => [413, 'request_too_large']));
  }
  expect((await rig.api('GET', '/account')).status).toBe(200);
});

it("gives git's answer to whoever is still sending a pack that is broken, every time", async () => {
  await rig.createApp('broken-pack');
  const command = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/kept\0 report-status`;
  const packet = `${(command.length + 4).toString(16).padStart(4, '0')}${command}0000`;
  const body = Buffer.concat([Buffer.from(packet), Buffer.alloc(10_000_000, 'no pack')]);
  const headers = {
    authorization: `Basic ${Buffer.from(`x:${rig.token}`).toString('base64')}`,
    'content-type': 'application/x-git-receive-pack-request',
  };
  const push = () => rig.request('127.0.0.1', '/broken-pack.git/git-receive-pack', { method: 'POST', headers, body });
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(Array.from({ length: 10 }).map(push));
    expect(answers.map(({ status, body: told }) => [status, told.includes('unpacker error')])).toEqual(
      answers.map(() => [200, true]),
    );
  }
});
