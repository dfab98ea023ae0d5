import { expect, it } from '@jest/globals';
import { ApiRig } from './api-rig.ts';

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

it('makes accounts for the operator alone, which log in with a password and share apps', async () => {
  await using rig = await ApiRig.start();
  const made = await rig.api('POST', '/accounts', { email: 'Ada@example.com', password: 'correct horse' });
  const { id, access_token: first } = made.json as { id: string; access_token: { token: string } };
  expect(made).toMatchObject({ status: 201, json: { email: 'Ada@example.com' } });
  const ada = { authorization: `Bearer ${first.token}` };
  expect((await rig.api('POST', '/accounts', { email: 'eve@example.com' }, ada)).status).toBe(403);
  for (const email of ['ada@EXAMPLE.com', 'no-address', 'a@b c', '', `${'x'.repeat(250)}@example.com`]) {
    expect(await rig.api('POST', '/accounts', { email })).toMatchObject({
      status: 422,
      json: { id: 'invalid_params' },
    });
  }
  expect((await rig.api('POST', '/accounts', { email: 'bob@example.com', password: 'short' })).status).toBe(422);

  const wanted = { description: 'Heroku CLI login from laptop', expires_in: 2_592_000, scope: ['global'] };
  const login = (authorization: string) => rig.api('POST', '/oauth/authorizations', wanted, { authorization });
  expect((await login(basic('ada@example.com', 'wrong horse'))).status).toBe(401);
  const loggedIn = await login(basic('ada@example.com', 'correct horse'));
  expect(loggedIn).toMatchObject({
    status: 201,
    json: { user: { id, email: 'Ada@example.com' }, access_token: { expires_in: 2_592_000 }, scope: ['global'] },
  });
  const { token } = (loggedIn.json as { access_token: { token: string } }).access_token;
  expect((await rig.api('GET', '/account', undefined, { authorization: `Bearer ${token}` })).status).toBe(200);
  // The password opens nothing else.
  expect(
    (await rig.api('GET', '/account', undefined, { authorization: basic('ada@example.com', 'correct horse') })).status,
  ).toBe(401);

  expect((await rig.api('PATCH', '/account', { new_password: 'another horse' }, ada)).status).toBe(403);
  const change = { new_password: 'another horse', password: 'correct horse' };
  expect((await rig.api('PATCH', '/account', change, ada)).status).toBe(200);
  expect((await login(basic('ada@example.com', 'correct horse'))).status).toBe(401);
  expect((await login(basic('ADA@example.com', 'another horse'))).status).toBe(201);

  await rig.createApp('shared');
  expect((await rig.api('GET', '/apps/shared', undefined, ada)).status).toBe(404);
  expect(await rig.api('POST', '/apps/shared/collaborators', { user: 'nobody@example.com' })).toMatchObject({
    status: 404,
    json: { resource: 'user', message: expect.stringContaining('POST /accounts') },
  });
  expect((await rig.api('POST', '/apps/shared/collaborators', { user: 'ada@example.com', silent: true })).status).toBe(
    201,
  );
  expect((await rig.api('POST', '/apps/shared/collaborators', { user: id })).status).toBe(422);
  expect((await rig.api('POST', '/apps/shared/collaborators', { user: 'admin@localhost' })).status).toBe(422);
  expect((await rig.api('GET', '/apps', undefined, ada)).json).toMatchObject([
    { name: 'shared', owner: { email: 'admin@localhost' } },
  ]);
  expect((await rig.api('PATCH', '/apps/shared', { maintenance: true }, ada)).status).toBe(200);
  expect((await rig.api('PATCH', '/apps/shared/config-vars', { BY: 'ada' }, ada)).status).toBe(200);
  expect((await rig.api('PATCH', '/apps/shared', { name: 'mine' }, ada)).status).toBe(403);
  expect((await rig.api('DELETE', '/apps/shared', undefined, ada)).status).toBe(403);

  await rig.api('PATCH', '/teams/apps/shared/collaborators/ada@example.com', { permissions: ['manage'] });
  expect((await rig.api('PATCH', '/apps/shared', { name: 'renamed' }, ada)).status).toBe(200);
  expect((await rig.api('PATCH', '/apps/renamed/config-vars', { A: '1' }, ada)).status).toBe(403);
  expect(
    (await rig.api('PATCH', '/teams/apps/renamed/collaborators/ada@example.com', { permissions: ['own'] })).json,
  ).toEqual({
    id: 'invalid_params',
    message: 'Invalid value for permissions: it must be a list of view, deploy, operate, manage.',
  });
  expect((await rig.api('DELETE', '/apps/renamed/collaborators/admin@localhost', undefined, ada)).status).toBe(422);
  // Leaving is everybody's right.
  await rig.api('PATCH', '/teams/apps/renamed/collaborators/ada@example.com', { permissions: ['view'] });
  expect((await rig.api('DELETE', '/apps/renamed/collaborators/ada@example.com', undefined, ada)).status).toBe(200);
  expect((await rig.api('GET', '/apps/renamed', undefined, ada)).status).toBe(404);

  // A release names its maker.
  expect((await rig.api('DELETE', `/accounts/${id}`)).status).toBe(409);
  expect((await rig.api('DELETE', `/accounts/${rig.operator.id}`)).status).toBe(422);
});

it('shows a token once, renews and revokes it, and never the one that the platform is started with', async () => {
  await using rig = await ApiRig.start();
  const made = await rig.api('POST', '/oauth/authorizations', {
    description: 'CI',
    scope: ['read', 'identity'],
    expires_in: '3600',
  });
  const { id, access_token: shown } = made.json as { id: string; access_token: { token: string; expires_in: number } };
  const status = async (token: string) =>
    (await rig.api('GET', '/apps', undefined, { authorization: `Bearer ${token}` })).status;
  expect([made.status, shown.expires_in, await status(shown.token)]).toEqual([201, 3600, 200]);

  const listed = (await rig.api('GET', '/oauth/authorizations')).json as {
    id: string;
    access_token: { token: string };
  }[];
  const ours = listed.find((authorization) => authorization.id === id);
  expect(JSON.stringify(listed)).not.toContain(shown.token);
  expect(ours?.access_token.token).toBe(`${shown.token.slice(0, 9)}**********${shown.token.slice(-4)}`);
  // What is nothing but stars would be taken for every token by `heroku logout`.
  expect(listed.map(({ access_token: { token } }) => /^\*+$/.test(token))).toEqual(listed.map(() => false));

  const renewed = await rig.api('POST', `/oauth/authorizations/${id}/actions/regenerate-tokens`);
  const { token } = (renewed.json as { access_token: { token: string } }).access_token;
  expect([await status(shown.token), await status(token)]).toEqual([401, 200]);
  expect((await rig.api('PATCH', `/oauth/authorizations/${id}`, { description: 'renamed' })).json).toMatchObject({
    description: 'renamed',
    scope: ['identity', 'read'],
  });
  expect((await rig.api('DELETE', `/oauth/authorizations/${id}`)).status).toBe(200);
  expect([await status(token), (await rig.api('GET', `/oauth/authorizations/${id}`)).status]).toEqual([401, 404]);

  const first = (await rig.api('GET', '/oauth/authorizations/~')).json as { id: string };
  const refused = [
    await rig.api('DELETE', `/oauth/authorizations/${first.id}`),
    await rig.api('PATCH', '/oauth/authorizations/~', { description: 'x' }),
    await rig.api('POST', '/oauth/authorizations/~/actions/regenerate-tokens'),
  ];
  expect(refused.map((answer) => answer.status)).toEqual([422, 422, 422]);
  expect(
    (await rig.api('POST', '/oauth/authorizations', { description: 'First account (HOKKU_API_KEY)' })).status,
  ).toBe(422);
  expect((await rig.api('POST', '/oauth/authorizations', { client: 'x' })).status).toBe(404);
  for (const odd of [
    { scope: ['root'] },
    { scope: [] },
    { expires_in: 0 },
    { expires_in: 1e300 },
    { expires_in: 'soon' },
  ]) {
    expect([odd, (await rig.api('POST', '/oauth/authorizations', odd)).status]).toEqual([odd, 422]);
  }

  const other = await rig.account('other@example.com');
  const headers = { authorization: other.authorization };
  expect((await rig.api('GET', `/oauth/authorizations/${first.id}`, undefined, headers)).status).toBe(404);
  expect(await rig.api('GET', '/oauth/authorizations/~', undefined, headers)).toMatchObject({
    status: 404,
    json: { resource: 'authorization' },
  });
  expect(await rig.api('DELETE', '/oauth/sessions/~', undefined, headers)).toMatchObject({
    status: 404,
    json: { id: 'not_found', resource: 'session' },
  });
});

it('slows down the guessing of passwords, for accounts that there are and that there are not', async () => {
  await using rig = await ApiRig.start();
  await rig.api('POST', '/accounts', { email: 'ada@example.com', password: 'correct horse' });
  const guess = async (email: string, password: string) =>
    (await rig.api('POST', '/oauth/authorizations', { scope: ['global'] }, { authorization: basic(email, password) }))
      .status;
  for (const email of ['ada@example.com', 'nobody@example.com']) {
    const statuses = await Promise.all(Array.from({ length: 12 }, (_, n) => guess(email, `guess ${n}`)));
    expect(statuses.sort()).toEqual([...Array<number>(10).fill(401), 429, 429]);
  }
  expect(await guess('Ada@example.com', 'correct horse')).toBe(429);
});
