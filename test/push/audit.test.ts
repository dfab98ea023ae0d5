import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { checkout, eventually, PlatformRig } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());

interface Entry {
  readonly action: string;
  readonly actor: { readonly email: string };
  readonly address: string | null;
  readonly app: { readonly name: string } | null;
  readonly detail: string;
  readonly via: string;
}

const trail = async (path = '/audit'): Promise<readonly Entry[]> => (await rig.api('GET', path)).json as Entry[];
const told = (entries: readonly Entry[]): readonly string[] =>
  entries.map(({ action, app, detail }) => `${action} ${app?.name ?? '-'} ${detail}`);

it('tells who changed what, from where, in the transaction of the change, and never a secret', async () => {
  const app = await rig.createApp('audited');
  expect((await pushTiny(app, 'one')).exitCode).toBe(0);
  const secret = 'canary-5d1e0c';
  await rig.api('PATCH', '/apps/audited/config-vars', { DATABASE_PASSWORD: secret });
  await rig.api('PATCH', '/apps/audited', { maintenance: true });
  await rig.api('POST', '/apps/audited/domains', { hostname: 'www.audited.example.com', sni_endpoint: null });
  await rig.api('POST', '/apps/audited/log-drains', { url: `https://user:${secret}@logs.example.com/x` });
  await rig.api('PUT', '/apps/audited/buildpack-installations', {
    updates: [{ buildpack: `https://u:${secret}@git.example.com/b.git` }],
  });
  await rig.api('DELETE', '/apps/audited/domains/www.audited.example.com');
  const [drain] = (await rig.api('GET', '/apps/audited/log-drains')).json as { id: string; token: string }[];
  await rig.api('DELETE', `/apps/audited/log-drains/${drain?.id ?? ''}`);
  const made = await rig.api('POST', '/oauth/authorizations', { description: 'first name' });
  const { id } = made.json as { id: string };
  await rig.api('PATCH', `/oauth/authorizations/${id}`, { description: 'second name' });
  await rig.api('POST', `/oauth/authorizations/${id}/actions/regenerate-tokens`);
  await rig.api('DELETE', '/apps/audited/dynos');
  // Refused: nothing was changed, and nothing is told.
  expect((await rig.api('PATCH', '/apps/audited', { name: 'NOT A NAME' })).status).toBe(422);
  await eventually('the restart', async () => told(await trail()).some((line) => line.startsWith('dyno:restart')));

  const entries = await trail('/apps/audited/audit');
  expect(told(entries).toReversed()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^build:create audited [0-9a-f]{40}$/),
      expect.stringMatching(/^release:create audited Deploy [0-9a-f]{8}$/),
      'release:create audited Set DATABASE_PASSWORD config vars',
      'app:update audited maintenance on',
      'domain:create audited www.audited.example.com',
      'domain:delete audited www.audited.example.com',
      `drain:delete audited ${drain?.token ?? ''}`,
      'dyno:restart audited Restarted all dynos',
    ]),
  );
  const [build] = entries.filter(({ action }) => action === 'build:create');
  expect(build).toMatchObject({ actor: { email: 'admin@localhost' }, via: 'git push', address: '127.0.0.1' });
  expect(told(await trail())).toEqual(
    expect.arrayContaining([
      'app:create audited audited',
      'authorization:update - second name',
      'authorization:token - new token for second name',
    ]),
  );
  expect(JSON.stringify(await trail())).not.toContain(secret);
  expect(JSON.stringify(await trail())).not.toContain(rig.token);
});

it('stays when the app is gone and after kill -9, and is shown to the operator and to who manages the app', async () => {
  await rig.createApp('short-lived');
  await rig.api('DELETE', '/apps/short-lived');
  await rig.killServer();
  await rig.startServer();
  expect(told(await trail())).toContain('app:destroy short-lived short-lived');

  const ada = (await rig.api('POST', '/accounts', { email: 'ada@example.com' })).json as {
    access_token: { token: string };
  };
  const asAda = { authorization: `Bearer ${ada.access_token.token}` };
  expect((await rig.api('GET', '/audit', undefined, asAda)).status).toBe(403);
  expect((await rig.api('GET', '/apps/audited/audit', undefined, asAda)).status).toBe(404);
  expect((await rig.api('POST', '/apps', { name: 'of-ada' }, asAda)).status).toBe(201);
  const hers = (await rig.api('GET', '/apps/of-ada/audit', undefined, asAda)).json as Entry[];
  expect(hers.every(({ actor }) => actor.email === 'ada@example.com')).toBe(true);
  expect((await rig.api('GET', '/audit?max=0')).status).toBe(422);
});

it('is printed by hokku audit', async () => {
  const known = JSON.parse(await readFile(join(rig.dataDir, 'platform.json'), 'utf8')) as { port: number };
  expect(known.port).toBe(rig.port);
  const env = { PATH: process.env['PATH'], HOME: rig.home, HOKKU_DATA_DIR: rig.dataDir, HOKKU_API_KEY: rig.token };
  const hokku = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(checkout, 'dist', 'main.js'), ...args], { env });
  const { stdout } = await hokku('audit', '--app', 'audited', '-n', '50');
  expect(stdout).toMatch(/Z admin@localhost \(git push, 127\.0\.0\.1\) build:create audited: [0-9a-f]{40}\n/);
  expect(JSON.parse((await hokku('audit', '--json', '-n', '1')).stdout)).toHaveLength(1);
});
