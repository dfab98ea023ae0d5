import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PlatformRig, RigApp } from '../rig/platform-rig.ts';

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2' } });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

/** Pushes as whoever holds the token. */
async function pushAs(app: RigApp, token: string): Promise<{ exitCode: number; output: string }> {
  const host = `127.0.0.1:${rig.port}`;
  return app.push(`http://any:${token}@${host}/${app.name}.git`, 'HEAD:refs/heads/main');
}

async function accountOf(email: string): Promise<string> {
  const made = await rig.api('POST', '/accounts', { email, password: 'correct horse' });
  expect(made.status).toBe(201);
  return (made.json as { access_token: { token: string } }).access_token.token;
}

it('takes a push from who may deploy, with a token that may write', async () => {
  const app = await rig.createApp('shared-push');
  await app.useFixture('python-stdlib');
  await app.commit();
  const bob = await accountOf('bob@example.com');
  const collaborators = '/teams/apps/shared-push/collaborators';

  const stranger = await pushAs(app, bob);
  expect([stranger.exitCode, stranger.output]).toEqual([128, expect.stringContaining('not found')]);
  await rig.api('POST', collaborators, { user: 'bob@example.com', permissions: ['view', 'operate'] });
  const viewer = await pushAs(app, bob);
  expect([viewer.exitCode, viewer.output]).toEqual([128, expect.stringContaining('403')]);
  await rig.api('PATCH', `${collaborators}/bob@example.com`, { permissions: ['deploy'] });
  const reading = await rig.api(
    'POST',
    '/oauth/authorizations',
    { scope: ['read'] },
    { authorization: `Bearer ${bob}` },
  );
  const { token } = (reading.json as { access_token: { token: string } }).access_token;
  expect((await pushAs(app, token)).exitCode).toBe(128);

  const push = await pushAs(app, bob);

  expect([push.exitCode, push.output]).toEqual([0, expect.stringContaining('Released v3')]);
  const releases = (await rig.api('GET', '/apps/shared-push/releases')).json as { user: { email: string } }[];
  expect(releases.at(-1)?.user.email).toBe('bob@example.com');
  expect(rig.platformLog).not.toContain(bob);
});

it('keeps a suspended account out of every door, whatever it has made, until it is let in again', async () => {
  const cleo = await accountOf('cleo@example.com');
  expect((await rig.api('POST', '/apps', { name: 'of-cleo' }, { authorization: `Bearer ${cleo}` })).status).toBe(201);
  const app = await RigApp.create(rig, 'of-cleo');
  await app.useFixture('python-stdlib');
  await app.commit();
  expect((await pushAs(app, cleo)).exitCode).toBe(0);
  const password = { authorization: `Basic ${Buffer.from('cleo@example.com:correct horse').toString('base64')}` };
  const doors = async (): Promise<readonly unknown[]> => [
    (await as(cleo, 'GET', '/apps')).slice(0, 3),
    (await rig.api('POST', '/oauth/authorizations', { description: 'x' }, password)).status,
    (await app.git('ls-remote', `http://any:${cleo}@127.0.0.1:${rig.port}/of-cleo.git`).catch(String)).includes('403'),
    (await app.get()).status,
  ];
  expect(await doors()).toEqual(['200', 201, false, 200]);

  const deleted = await rig.api('DELETE', '/accounts/cleo@example.com');
  expect([deleted.status, deleted.body]).toEqual([409, expect.stringContaining('of-cleo')]);
  const suspended = await rig.operate(['account:suspend', 'cleo@example.com']).ended;
  expect([suspended.exitCode, suspended.stderr]).toEqual([0, expect.stringContaining('account:resume')]);
  // The app runs on.
  expect(await doors()).toEqual(['403', 403, true, 200]);
  expect(await as(cleo, 'GET', '/apps')).toContain('"id":"suspended"');
  expect((await rig.api('PATCH', '/accounts/admin@localhost', { suspended: true })).status).toBe(422);
  await rig.killServer();
  await rig.startServer();
  expect((await doors()).slice(0, 3)).toEqual(['403', 403, true]);

  expect((await rig.operate(['account:resume', 'cleo@example.com']).ended).exitCode).toBe(0);
  expect((await doors()).slice(0, 3)).toEqual(['200', 201, false]);
});

/** One call with another token. */
async function as(token: string, method: string, path: string, body?: unknown): Promise<string> {
  const answer = await rig.api(method, path, body, { authorization: `Bearer ${token}` });
  return `${answer.status} ${answer.body}`;
}

it('shares an app with an account, for as long as it is shared and no further', async () => {
  const eve = await accountOf('eve@example.com');
  await rig.createApp('shared');
  const collaborators = '/teams/apps/shared/collaborators';
  expect(await as(eve, 'GET', '/apps/shared')).toMatch(/^404 .*Couldn't find that app/);
  expect(await as(rig.token, 'POST', collaborators, { user: 'who@example.com' })).toMatch(
    /Couldn't find that user\..*POST \/accounts/,
  );

  await rig.api('POST', collaborators, { user: 'eve@example.com', permissions: ['view', 'deploy', 'operate'] });

  expect(await as(eve, 'GET', '/users/~/apps')).toContain('"name":"shared"');
  expect(await as(eve, 'PATCH', '/apps/shared/config-vars', { A: '1' })).toMatch(/^200 /);
  expect(await as(eve, 'DELETE', '/apps/shared')).toMatch(/^403 .*needs the permission manage/);
  await rig.api('DELETE', `${collaborators}/eve@example.com`);
  expect(await as(eve, 'GET', '/apps/shared/config-vars')).toMatch(/^404 /);
});

it('lets a token do what its scope allows, until it is renewed or revoked', async () => {
  await rig.createApp('scoped');
  const request = { description: 'CI', scope: ['read', 'identity'], expires_in: 3600 };
  const { json } = await rig.api('POST', '/oauth/authorizations', request);
  const { id, access_token: access } = json as { id: string; access_token: { token: string; expires_in: number } };
  expect(access.token).toMatch(/^HRKU-[\da-f-]{36}$/);
  expect(access.expires_in).toBeGreaterThan(3_000);
  expect(await as(access.token, 'GET', '/apps')).toContain('"name":"scoped"');
  expect(await as(access.token, 'GET', '/apps/scoped/config-vars')).toMatch(/^403 .*read-protected/);

  const path = `/oauth/authorizations/${id}`;
  const renewed = (await rig.api('POST', `${path}/actions/regenerate-tokens`)).json as {
    access_token: { token: string };
  };

  expect(await as(access.token, 'GET', '/apps')).toMatch(/^401 /);
  expect(await as(renewed.access_token.token, 'GET', '/apps')).toMatch(/^200 /);
  await rig.api('DELETE', path);
  expect(await as(renewed.access_token.token, 'GET', '/apps')).toMatch(/^401 /);
});
