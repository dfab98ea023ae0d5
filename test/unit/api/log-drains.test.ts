import { expect, it } from '@jest/globals';
import { addLogDrain, addWebhook } from '../../../src/lifecycle/index.ts';
import { ApiRig } from './api-rig.ts';

it('lists drains by id, token and URL, at most five, each once, and encrypted in the store', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('drained');
  const path = '/apps/drained/log-drains';
  const url = 'https://user:hidden-word@logs.example.invalid/a?b=c';
  const created = await rig.api('POST', path, { url });
  const drain = created.json as { id: string; token: string };
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({ url, addon: null, app: { name: 'drained' } });
  expect(drain.token).toMatch(/^d\.[\da-f-]{36}$/);
  for (const which of [drain.id, drain.token, url]) {
    expect((await rig.api('GET', `${path}/${encodeURIComponent(which)}`)).json).toEqual(created.json);
  }
  const [stored] = await rig.platform.store.logDrains.list(app.id);
  expect(Buffer.from(stored?.sealedUrl ?? []).toString('latin1')).not.toContain('hidden-word');
  expect((await rig.api('GET', `${path}?extended=true`)).json).toEqual([
    { ...(created.json as object), extended: { drain_id: drain.token } },
  ]);

  expect(await rig.api('POST', path, { url })).toMatchObject({
    status: 422,
    json: { message: 'Url has already been taken' },
  });
  for (let n = 2; n <= 5; n += 1) await rig.api('POST', path, { url: `syslog://logs.example.invalid:${n}` });
  expect(await rig.api('POST', path, { url: 'syslog://logs.example.invalid:6' })).toMatchObject({
    status: 422,
    json: { message: expect.stringContaining('5 are allowed') as unknown },
  });
  for (const wrong of [
    undefined,
    null,
    7,
    '',
    'ftp://host',
    'syslog://',
    'https://169.254.169.254/',
    'http://10.0.0.1/',
  ]) {
    expect([wrong, (await rig.api('POST', path, { url: wrong })).status]).toEqual([wrong, 422]);
  }
  expect(await rig.api('DELETE', `${path}/${encodeURIComponent(url)}`)).toMatchObject({ status: 200, json: { url } });
  expect((await rig.api('DELETE', `${path}/${drain.id}`)).status).toBe(404);
  expect((await rig.api('GET', path)).json).toHaveLength(4);
});

it('lets the operator send to this machine, and nobody else', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('internal');
  const { store } = rig.platform;
  const someone = await store.accounts.create({ email: 'someone@example.com' });
  const actor = { accountId: someone.id, email: someone.email };
  const operator = { accountId: rig.operator.id, email: rig.operator.email };
  const webhook = { include: ['api:app'], level: 'sync', secret: null, authorization: null } as const;
  for (const url of ['https://localhost/', 'https://127.1/', 'https://[::1]/', 'https://0/', 'https://db.localhost/']) {
    await expect(addLogDrain(app, url, actor, rig.platform)).rejects.toMatchObject({ id: 'invalid_params' });
    await expect(addWebhook(app, { ...webhook, url }, actor, rig.platform)).rejects.toMatchObject({
      id: 'invalid_params',
    });
  }
  expect(await addLogDrain(app, 'https://localhost/', operator, rig.platform)).toMatchObject({
    mayReachLoopback: true,
  });
  expect(
    (await addWebhook(app, { ...webhook, url: 'https://localhost/' }, operator, rig.platform)).webhook,
  ).toMatchObject({
    mayReachLoopback: true,
  });
  expect(await addLogDrain(app, 'https://logs.example.invalid/', actor, rig.platform)).toMatchObject({
    mayReachLoopback: false,
  });
});
