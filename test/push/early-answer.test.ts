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
