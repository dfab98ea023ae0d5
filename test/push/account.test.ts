/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2' } });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

async function accountOf(email: string): Promise<string> {
  const made = await rig.api('POST', '/accounts', { email });
  return (made.json as { access_token: { token: string } }).access_token.token;
}

/** Runs `heroku`; its words on one line. */
async function openCli() {
  if (installation.status === 'missing') throw new Error(installation.reason);
  const cli = await HerokuCli.open(installation, rig);
  const run = async (args: readonly string[], env: Record<string, string> = {}) => {
    const { exitCode, stdout, stderr } = await cli.run(args, cli.home, env);
    return { exitCode, stdout, stderr: stderr.replace(/[\s›]+/g, ' ') };
  };
  return { run, [Symbol.asyncDispose]: () => cli[Symbol.asyncDispose]() };
}

function publicKey(comment: string): string {
  const type = Buffer.from('\0\0\0\u000bssh-ed25519\0\0\0 ', 'latin1');
  return `ssh-ed25519 ${Buffer.concat([type, randomBytes(32)]).toString('base64')} ${comment}`;
}

it('keeps SSH keys, and refuses what is none', async () => {
  const add = async (text: string): Promise<string> => {
    const { status, body } = await rig.api('POST', '/account/keys', { public_key: text });
    return `${status} ${body}`;
  };
  const key = publicKey('ada@laptop');

  expect(await add(`${key}\n`)).toMatch(/^201 /);
  expect(await add(key)).toMatch(/^422 .*Fingerprint already exists/);
  const wrong = await add('-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n');
  expect(wrong).toMatch(/^422 .*This is a private key/);
  expect(wrong).not.toContain('c2VjcmV0');
  const { json } = await rig.api('GET', '/account/keys');
  expect(json).toEqual([
    expect.objectContaining({ fingerprint: expect.stringMatching(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/) }),
  ]);
});

it('gives dynos their metadata from the next release on, and knows its features', async () => {
  const app = await rig.createApp('metadata');
  await app.write({
    Procfile: 'web: python3 app.py\n',
    'app.py':
      'import json, os\nfrom http.server import BaseHTTPRequestHandler, HTTPServer\n' +
      'class H(BaseHTTPRequestHandler):\n  def do_GET(self):\n    self.send_response(200); self.end_headers()\n' +
      "    self.wfile.write(json.dumps({k: v for k, v in os.environ.items() if k.startswith('HEROKU_')}).encode())\n" +
      "HTTPServer(('', int(os.environ['PORT'])), H).serve_forever()\n",
    'requirements.txt': '',
  });
  await app.commit();
  expect((await app.push()).exitCode).toBe(0);
  const seen = async (): Promise<Record<string, string>> =>
    JSON.parse((await app.get()).body) as Record<string, string>;

  const features = '/apps/metadata/features';
  const turn = async (name: string, enabled: boolean): Promise<string> => {
    const { status, body } = await rig.api('PATCH', `${features}/${name}`, { enabled });
    return `${status} ${body}`;
  };
  expect((await rig.api('GET', features)).json).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'runtime-dyno-metadata', enabled: false }),
      expect.objectContaining({ name: 'preboot', enabled: true }),
      expect.objectContaining({ name: 'runtime-heroku-exec', enabled: true }),
    ]),
  );
  expect(await turn('runtime-dyno-metadata', true)).toMatch(/^200 /);
  expect(await seen()).not.toHaveProperty('HEROKU_APP_NAME');
  await rig.api('PATCH', '/apps/metadata/config-vars', { A: '1' });

  const vars = await eventually('metadata', async () => {
    const now = await seen();
    return now['HEROKU_RELEASE_VERSION'] === 'v4' && now;
  });

  const commit = (await app.git('rev-parse', 'HEAD')).trim();
  expect(vars).toMatchObject({
    HEROKU_APP_NAME: 'metadata',
    HEROKU_APP_ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    HEROKU_SLUG_COMMIT: commit,
    HEROKU_BUILD_COMMIT: commit,
    HEROKU_SLUG_DESCRIPTION: `Deploy ${commit.slice(0, 8)}`,
    HEROKU_RELEASE_CREATED_AT: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  });
  expect((await rig.api('GET', '/apps/metadata/config-vars')).json).not.toHaveProperty('HEROKU_APP_NAME');
  expect(await turn('preboot', false)).toMatch(/^422 .*can't be disabled/);
  expect(await turn('unheard-of', true)).toMatch(/^404 .*Couldn't find that feature/);
});

it('gives an app to another account, who may also decline, join and leave', async () => {
  const bob = await accountOf('bob@example.com');
  const asBob = { authorization: `Bearer ${bob}` };
  const eve = { authorization: `Bearer ${await accountOf('eve@example.com')}` };
  for (const app of ['wanted', 'unwanted']) await rig.createApp(app);

  for (const app of ['wanted', 'unwanted'])
    await rig.api('POST', '/account/app-transfers', { app, recipient: 'bob@example.com' });

  const { json } = await rig.api('GET', '/account/app-transfers', undefined, asBob);
  const [first, second] = json as { id: string; state: string }[];
  const path = (transfer?: { id: string }) => `/account/app-transfers/${transfer?.id}`;
  expect((await rig.api('PATCH', path(first), { state: 'accepted' }, eve)).status).toBe(404);
  expect((await rig.api('PATCH', path(first), { state: 'accepted' })).status).toBe(403);
  expect((await rig.api('PATCH', path(first), { state: 'accepted' }, asBob)).json).toMatchObject({ state: 'accepted' });
  expect((await rig.api('PATCH', path(second), { state: 'declined' }, asBob)).json).toMatchObject({
    state: 'declined',
  });
  expect((await rig.api('PATCH', path(first), { state: 'declined' }, asBob)).status).toBe(422);
  const roles = async (app: string): Promise<unknown> => {
    const { json: all } = await rig.api('GET', `/teams/apps/${app}/collaborators`);
    return Object.fromEntries((all as { role: string; user: { email: string } }[]).map((c) => [c.user.email, c.role]));
  };
  expect(await roles('wanted')).toMatchObject({ 'admin@localhost': 'collaborator', 'bob@example.com': 'owner' });
  expect(await roles('unwanted')).toEqual({ 'admin@localhost': 'owner' });
  const unwanted = '/teams/apps/unwanted/collaborators';
  await rig.api('POST', unwanted, { user: 'bob@example.com', permissions: ['view'] });
  expect((await rig.api('GET', '/apps/unwanted', undefined, asBob)).status).toBe(200);
  expect((await rig.api('DELETE', `${unwanted}/bob@example.com`, undefined, asBob)).status).toBe(200);
  expect((await rig.api('GET', '/apps/unwanted', undefined, asBob)).status).toBe(404);
  expect((await rig.api('DELETE', '/account', undefined, asBob)).status).toBe(409);
  expect((await rig.api('DELETE', '/account', undefined, eve)).status).toBe(200);
  expect((await rig.api('GET', '/account', undefined, eve)).status).toBe(401);
});

itWithCli('says what there is not, and what to do instead, to a command that wants it', async () => {
  await using shell = await openCli();
  const { run } = shell;
  await rig.createApp('plain');
  const words = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(args);
    return [exitCode, `${stdout}${stderr}`];
  };

  expect(await words('members', '--team', 'acme')).toEqual([2, expect.stringContaining('this platform has no teams')]);
  expect(await words('spaces:info', 'acme')).toEqual([2, expect.stringContaining('this platform has no spaces')]);
  expect(await words('create', 'x-app', '--team', 'acme')).toEqual([2, expect.stringContaining('without --team')]);
  expect(await words('apps:lock', '-a', 'plain')).toEqual([2, expect.stringContaining('heroku access')]);
  expect(await words('apps:unlock', '-a', 'plain')).toEqual([1, expect.stringContaining('not locked')]);
  expect(await words('apps:transfer', 'acme', '-a', 'plain')).toEqual([2, expect.stringContaining('apps:transfer')]);
  expect(await words('telemetry:add', 'https://x.example', '-a', 'plain')).toEqual([
    2,
    expect.stringContaining('heroku drains:add'),
  ]);
});
