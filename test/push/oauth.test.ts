/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { PlatformRig } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start();
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

interface Client {
  readonly id: string;
  readonly secret: string;
}

async function register(name: string): Promise<Client> {
  const made = await rig.api('POST', '/oauth/clients', { name, redirect_uri: 'https://client.example/callback' });
  expect(made.status).toBe(201);
  return made.json as Client;
}

const withoutToken = { authorization: '' };

function exchange(client: Client, grant: object): ReturnType<PlatformRig['api']> {
  const body = { client: { secret: client.secret }, ...grant };
  return rig.api('POST', '/oauth/tokens', body, withoutToken);
}

function statusWith(token: string, path = '/apps'): Promise<number> {
  return rig.api('GET', path, undefined, { authorization: `Bearer ${token}` }).then(({ status }) => status);
}

interface Tokens {
  readonly id: string;
  readonly access_token: { readonly token: string; readonly expires_in: number };
  readonly refresh_token: { readonly token: string };
}

it('lets a client exchange its code for a token once, and refresh it, until its maker destroys it', async () => {
  const client = await register('Reader');
  const other = await register('Other');
  const authorized = await rig.api('POST', '/oauth/authorizations', { client: client.id, scope: ['read'] });
  expect(authorized.json).toMatchObject({ access_token: null, client: { id: client.id, name: 'Reader' } });
  const { code } = (authorized.json as { grant: { code: string } }).grant;
  const grant = { grant: { type: 'authorization_code', code } };

  expect((await exchange(other, grant)).status).toBe(401);
  expect((await exchange({ ...client, secret: '' }, grant)).status).toBe(401);
  const first = await exchange(client, grant);
  expect(first.status).toBe(201);
  const tokens = first.json as Tokens;
  expect((await exchange(client, grant)).status).toBe(401);

  expect(await statusWith(tokens.access_token.token)).toBe(200);
  expect(await statusWith(tokens.access_token.token, '/oauth/authorizations')).toBe(403);
  expect(tokens.access_token.expires_in).toBe(8 * 3600);
  const refresh = { grant: { type: 'refresh_token' }, refresh_token: { token: tokens.refresh_token.token } };
  expect((await exchange(other, refresh)).status).toBe(401);
  const second = (await exchange(client, refresh)).json as Tokens;
  expect([await statusWith(tokens.access_token.token), await statusWith(second.access_token.token)]).toEqual([
    401, 200,
  ]);
  // After a leak the owner takes a new token, and what was handed out before opens nothing any more.
  const { id } = authorized.json as { id: string };
  expect((await rig.api('POST', `/oauth/authorizations/${id}/actions/regenerate-tokens`)).status).toBe(200);
  const latest = { ...refresh, refresh_token: { token: second.refresh_token.token } };
  expect((await exchange(client, latest)).status).toBe(401);
  expect((await rig.api('DELETE', `/oauth/clients/${client.id}`)).status).toBe(200);
  expect(await statusWith(second.access_token.token)).toBe(401);
  expect((await exchange(client, refresh)).status).toBe(401);
  for (const secret of [client.secret, code, second.access_token.token, tokens.refresh_token.token]) {
    expect(rig.platformLog).not.toContain(secret);
  }
});

it("keeps a client's secret from every other account", async () => {
  const made = await rig.api('POST', '/accounts', { email: 'eve@example.com' });
  const eve = `Bearer ${(made.json as { access_token: { token: string } }).access_token.token}`;
  const { id } = await register('Private');
  const statuses = [
    await rig.api('GET', `/oauth/clients/${id}`, undefined, { authorization: eve }),
    await rig.api('PATCH', `/oauth/clients/${id}`, { name: 'Mine' }, { authorization: eve }),
    await rig.api('POST', `/oauth/clients/${id}/actions/rotate-credentials`, undefined, { authorization: eve }),
    await rig.api('DELETE', `/oauth/clients/${id}`, undefined, { authorization: eve }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([404, 404, 404, 404]);
  expect((await rig.api('GET', '/oauth/clients', undefined, { authorization: eve })).json).toEqual([]);
});

itWithCli('manages clients with the official CLI', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  const heroku = async (...args: string[]) => {
    const result = await cli.run(args, cli.home);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result.stdout;
  };
  const created = await heroku('clients:create', '-s', 'Amazing', 'https://amazing.example/callback');
  const id = /HEROKU_OAUTH_ID=([0-9a-f-]{36})/.exec(created)?.[1] ?? '';
  const secret = /HEROKU_OAUTH_SECRET=([0-9a-f-]{36})/.exec(created)?.[1] ?? '';

  expect(await heroku('clients')).toMatch(new RegExp(`Amazing +${id} +https://amazing\\.example/callback`));
  expect(await heroku('clients:info', '-s', id)).toContain(`HEROKU_OAUTH_SECRET=${secret}`);
  await heroku('clients:update', '--name', 'Better', id);
  expect(await heroku('clients:info', id)).toContain('=== Better');
  expect(await heroku('clients:rotate', '-s', id)).not.toContain(secret);
  const rotated = /SECRET=(\S+)/.exec(await heroku('clients:info', '-s', id))?.[1] ?? '';
  const authorization = JSON.parse(await heroku('authorizations:create', '--json')) as { id: string };
  await heroku('authorizations:update', authorization.id, '--client-id', id, '--client-secret', rotated);
  expect(await heroku('authorizations:info', authorization.id)).toMatch(/Client: +Better/);
  await heroku('clients:destroy', id);
  expect(await heroku('clients')).not.toContain(id);
});
