/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig, type Answer } from '../rig/platform-rig.ts';
import { Terminal } from '../rig/terminal.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start();
  await rig.api('POST', '/accounts', { email: 'bob@example.com', password: 'correct horse' });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

const withoutToken = { authorization: '' };
/** As if `HEROKU_API_KEY` were not set: the CLI uses what it has stored. */
const loggedIn = { HEROKU_API_KEY: '' };

interface Begun {
  readonly browser_url: string;
  readonly cli_url: string;
  readonly token: string;
}

async function begin(description: string): Promise<Begun> {
  const answer = await rig.api('POST', '/auth', { description }, withoutToken);
  expect(answer.status).toBe(201);
  return answer.json as Begun;
}

/** A browser that has opened the page. */
async function open(path: string): Promise<{
  readonly page: Answer;
  readonly send: (
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
}> {
  const page = await rig.request('127.0.0.1', path);
  const secret = /name="secret" value="(\w+)"/.exec(page.body)?.[1] ?? '';
  const cookie = String(page.headers['set-cookie']).split(';')[0] ?? '';
  const send = (fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
    rig.request('127.0.0.1', path, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: rig.url,
        cookie,
        ...headers,
      },
      body: new URLSearchParams({ secret, action: 'login', ...fields }).toString(),
    });
  return { page, send };
}

const bob = { email: 'bob@example.com', password: 'correct horse' };

function poll({ cli_url: path, token }: Begun): Promise<Answer> {
  return rig.request('127.0.0.1', path, { headers: { authorization: `Bearer ${token}` } });
}

it('lets in who logs in on the page itself, once, and nobody else', async () => {
  const login = await begin('<b>laptop</b>\n');
  const { page, send } = await open(login.browser_url);

  expect(page.body).toContain('&lt;b&gt;laptop&lt;/b&gt;</strong>, from the address 127.0.0.1');
  expect(page.headers).toMatchObject({
    'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
  });
  expect(String(page.headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict/);
  expect(`${login.browser_url}${login.cli_url}${page.body}`).not.toContain(login.token);
  // Another site's form, a form without our cookie, one with a made-up secret.
  expect((await send(bob, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await send(bob, { origin: 'null' })).status).toBe(403);
  expect((await send(bob, { cookie: '' })).status).toBe(403);
  expect((await send({ ...bob, secret: '0'.repeat(32) })).status).toBe(403);
  const wrong = await send({ ...bob, password: 'wrong' });
  expect([wrong.status, wrong.body]).toEqual([
    403,
    expect.stringContaining('no account with this e-mail and password'),
  ]);
  const reading = await rig.api('POST', '/oauth/authorizations', { scope: ['read'] });
  const { token: weak } = (reading.json as { access_token: { token: string } }).access_token;
  expect((await send({ token: weak })).body).toContain('needs one of scope global');
  expect((await rig.request('127.0.0.1', login.cli_url, { headers: { authorization: 'Bearer x' } })).status).toBe(404);

  const [first, done] = await Promise.all([poll(login), send(bob)]);

  expect([done.status, done.body]).toEqual([200, expect.stringContaining('Logged in')]);
  const { access_token: token } = JSON.parse(first.body) as { access_token: string };
  expect(first.body).toMatch(/^ +\{/);
  const account = await rig.api('GET', '/account', undefined, { authorization: `Bearer ${token}` });
  expect(account.json).toMatchObject({ email: 'bob@example.com' });
  expect((await poll(login)).status).toBe(404);
  expect((await send(bob)).status).toBe(404);
  for (const secret of [token, login.token, 'correct horse']) expect(rig.platformLog).not.toContain(secret);
});

it('answers the newest of the clients that wait for one login', async () => {
  const login = await begin('impatient');
  const waiting = poll(login);
  // Until its head is there, nobody can say which of both came first.
  await eventually('the first to wait', async () => {
    const again = await Promise.race([waiting, poll(login).then(() => null)]);
    return again;
  });
  expect(JSON.parse((await waiting).body)).toEqual({ error: expect.stringContaining('only the newest request') });
});

it('takes a token on the page, and tells the client when the person refuses', async () => {
  const [login, other] = [await begin('with a token'), await begin('of a stranger')];
  expect((await (await open(login.browser_url)).send({ token: rig.token })).status).toBe(200);
  expect((await (await open(other.browser_url)).send({ action: 'refuse' })).status).toBe(200);

  expect(JSON.parse((await poll(login)).body)).toEqual({ access_token: expect.stringMatching(/^HRKU-/) });
  expect(JSON.parse((await poll(other)).body)).toEqual({ error: 'The login was refused in the browser.' });
});

it('slows down who guesses on the page, with the same count as the API has', async () => {
  await rig.api('POST', '/accounts', { email: 'eve@example.com', password: 'correct horse' });
  const login = await begin('guessing');
  const { send } = await open(login.browser_url);
  for (let n = 0; n < 5; n += 1) await send({ email: 'eve@example.com', password: `guess ${n}` });
  const basic = (password: string) => ({
    authorization: `Basic ${Buffer.from(`eve@example.com:${password}`).toString('base64')}`,
  });
  for (let n = 0; n < 5; n += 1) await rig.api('POST', '/oauth/authorizations', { scope: ['global'] }, basic(`g${n}`));

  const late = await send({ email: 'eve@example.com', password: 'correct horse' });

  expect([late.status, late.body]).toEqual([429, expect.stringContaining('Too many wrong passwords')]);
  expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
});

itWithCli('logs in with heroku login through the browser, and out again', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  const heroku = (...args: string[]) => cli.run(args, cli.home, loggedIn);
  const env = { ...cli.env, ...loggedIn, TERM: 'xterm', HEROKU_TESTING_HEADLESS_LOGIN: '1' };
  using terminal = new Terminal('heroku', ['login'], { cwd: cli.home, env, cols: 200, rows: 40 });
  await terminal.sees('Press any key');
  terminal.type('x');
  const url = await terminal.sees(/http:\/\/[\w.]+:\d+\/auth\/browser\/[0-9a-f]{32}/);
  await terminal.sees('Waiting for login');

  const done = await (await open(new URL(url).pathname)).send(bob);

  expect(done.status).toBe(200);
  await terminal.sees('Logged in as bob@example.com');
  expect(await terminal.ends()).toBe(0);
  expect((await heroku('auth:whoami')).stdout).toBe('bob@example.com\n');
  const { stdout: token } = await heroku('auth:token');
  expect(await readFile(join(cli.home, '.netrc'), 'utf8')).toContain(token.trim());
  expect((await heroku('auth:2fa')).stdout).toContain('not enabled');
  const { stdout: sessions } = await heroku('sessions');
  expect(sessions).toMatch(/Heroku CLI login from /);

  expect((await heroku('logout')).exitCode).toBe(0);

  expect((await heroku('auth:whoami')).exitCode).toBe(100);
  const after = await rig.api('GET', '/account', undefined, { authorization: `Bearer ${token.trim()}` });
  expect(after.status).toBe(401);
});

itWithCli('logs in with heroku login -i, and destroys single sessions', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  const heroku = (...args: string[]) => cli.run(args, cli.home, loggedIn);
  const env = { ...cli.env, ...loggedIn, TERM: 'xterm' };
  using terminal = new Terminal('heroku', ['login', '-i'], { cwd: cli.home, env, cols: 200, rows: 40 });
  await terminal.sees('Email');
  terminal.type('bob@example.com\r');
  await terminal.sees('Password');
  terminal.type('correct horse\r');
  await terminal.sees('Logged in as bob@example.com');
  expect(await terminal.ends()).toBe(0);
  const login = await begin('the lost laptop');
  await (await open(login.browser_url)).send(bob);
  const { access_token: lost } = JSON.parse((await poll(login)).body) as { access_token: string };
  const { stdout: sessions } = await heroku('sessions');
  const id = /the lost laptop\s+([0-9a-f-]{36})/.exec(sessions)?.[1] ?? '';

  const destroyed = await heroku('sessions:destroy', id);

  expect([destroyed.exitCode, destroyed.stderr]).toEqual([0, expect.stringContaining('done')]);
  expect((await rig.api('GET', '/account', undefined, { authorization: `Bearer ${lost}` })).status).toBe(401);
  expect((await heroku('auth:whoami')).stdout).toBe('bob@example.com\n');
});
