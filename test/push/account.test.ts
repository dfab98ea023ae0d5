/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  const heroku = async (...args: string[]) => {
    const result = await run(args);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result.stdout;
  };
  return { cli, run, heroku, [Symbol.asyncDispose]: () => cli[Symbol.asyncDispose]() };
}

function publicKey(comment: string): string {
  const type = Buffer.from('\0\0\0\u000bssh-ed25519\0\0\0 ', 'latin1');
  return `ssh-ed25519 ${Buffer.concat([type, randomBytes(32)]).toString('base64')} ${comment}`;
}

itWithCli('keeps SSH keys with the official CLI, and refuses what is none', async () => {
  await using shell = await openCli();
  const { cli, heroku, run } = shell;
  const file = join(cli.home, 'key.pub');
  await writeFile(file, `${publicKey('ada@laptop')}\n`);
  const secret = join(cli.home, 'key');
  await writeFile(secret, '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n');

  expect((await run(['keys'])).stderr).toContain('You have no SSH keys');
  await heroku('keys:add', file);
  expect(await heroku('keys')).toMatch(/admin@localhost keys\s+ssh-ed25519 AAAAC3NzaC\.\.\..{10} ada@laptop/);
  const twice = await run(['keys:add', file]);
  expect(twice.stderr).toContain('Fingerprint already exists');
  const wrong = await run(['keys:add', secret]);
  expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('This is a private key')]);
  expect(wrong.stderr).not.toContain('c2VjcmV0');
  const { json } = await rig.api('GET', '/account/keys');
  expect(json).toEqual([
    expect.objectContaining({ fingerprint: expect.stringMatching(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/) }),
  ]);
  await heroku('keys:remove', 'ada@laptop');
  await heroku('keys:add', file);
  await heroku('keys:clear');
  expect((await run(['keys'])).stderr).toContain('You have no SSH keys');
});

itWithCli('gives dynos their metadata from the next release on, and knows its features', async () => {
  await using shell = await openCli();
  const { heroku, run } = shell;
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

  expect(await heroku('labs', '-a', 'metadata')).toContain('[ ] runtime-dyno-metadata');
  expect(await heroku('features', '-a', 'metadata')).toMatch(/\[\+\] preboot[^]*\[\+\] runtime-heroku-exec/);
  await heroku('labs:enable', 'runtime-dyno-metadata', '-a', 'metadata');
  expect(await heroku('labs:info', 'runtime-dyno-metadata', '-a', 'metadata')).toMatch(/Enabled: +true/);
  expect(await seen()).not.toHaveProperty('HEROKU_APP_NAME');
  await heroku('config:set', 'A=1', '-a', 'metadata');

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
  expect(await heroku('config', '-a', 'metadata')).not.toContain('HEROKU_APP_NAME');
  const preboot = await run(['features:disable', 'preboot', '-a', 'metadata']);
  expect([preboot.exitCode, preboot.stderr]).toEqual([2, expect.stringContaining("can't be disabled")]);
  await heroku('labs:disable', 'runtime-dyno-metadata', '-a', 'metadata');
  expect((await run(['labs:enable', 'unheard-of', '-a', 'metadata'])).stderr).toContain("Couldn't find that feature");
});

itWithCli('gives an app to another account, who may also decline, join and leave', async () => {
  await using shell = await openCli();
  const { heroku, run } = shell;
  const bob = await accountOf('bob@example.com');
  const asBob = { authorization: `Bearer ${bob}` };
  const eve = { authorization: `Bearer ${await accountOf('eve@example.com')}` };
  for (const app of ['wanted', 'unwanted']) await rig.createApp(app);

  const offered = await run(['apps:transfer', 'bob@example.com', '-a', 'wanted']);
  await heroku('apps:transfer', 'bob@example.com', '-a', 'unwanted');

  expect(offered.stderr).toMatch(/Warning: No e-mail is sent.*PATCH \/account\/app-transfers/);
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
  expect(await heroku('access', '-a', 'wanted')).toMatch(/admin@localhost +collaborator[^]*bob@example\.com +owner/);
  expect(await heroku('access', '-a', 'unwanted')).toMatch(/admin@localhost +owner/);
  await heroku('access:add', 'bob@example.com', '-a', 'unwanted');
  expect((await run(['apps:leave', '-a', 'unwanted'], { HEROKU_API_KEY: bob })).exitCode).toBe(0);
  expect((await run(['apps:info', '-a', 'unwanted'], { HEROKU_API_KEY: bob })).stderr).toContain("Couldn't find");
  await heroku('apps:leave', '-a', 'wanted');
  await heroku('apps:join', '-a', 'wanted');
  expect((await rig.api('DELETE', '/account', undefined, asBob)).status).toBe(409);
  expect((await rig.api('DELETE', '/account', undefined, eve)).status).toBe(200);
  expect((await rig.api('GET', '/account', undefined, eve)).status).toBe(401);
});

itWithCli('says what there is not, and what to do instead, to every command that asks', async () => {
  await using shell = await openCli();
  const { heroku, run } = shell;
  await rig.createApp('plain');
  const words = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(args);
    return [exitCode, `${stdout}${stderr}`];
  };

  expect(await words('teams')).toEqual([0, expect.any(String)]);
  expect(await words('spaces')).toEqual([2, expect.stringContaining('do not have access to any spaces')]);
  expect(await words('members', '--team', 'acme')).toEqual([2, expect.stringContaining('this platform has no teams')]);
  expect(await words('spaces:info', 'acme')).toEqual([2, expect.stringContaining('this platform has no spaces')]);
  expect(await words('create', 'x-app', '--team', 'acme')).toEqual([2, expect.stringContaining('without --team')]);
  expect(await words('apps:lock', '-a', 'plain')).toEqual([2, expect.stringContaining('heroku access')]);
  expect(await words('apps:unlock', '-a', 'plain')).toEqual([1, expect.stringContaining('not locked')]);
  expect(await words('apps:transfer', 'acme', '-a', 'plain')).toEqual([2, expect.stringContaining('apps:transfer')]);
  expect(await words('telemetry', '-a', 'plain')).toEqual([0, expect.stringContaining('no telemetry drains')]);
  expect(await words('telemetry:add', 'https://x.example', '-a', 'plain')).toEqual([
    2,
    expect.stringContaining('heroku drains:add'),
  ]);
  expect(await words('usage:addons', '-a', 'plain')).toEqual([0, expect.stringContaining('No usage found')]);
  expect(await heroku('status')).toMatch(/Apps: +No known issues[^]*Tools: +No known issues/);
  expect(await heroku('regions')).toContain('us');
  expect(await heroku('apps:stacks', '-a', 'plain')).toContain('* heroku-24');
  expect(await heroku('apps:stacks:set', 'heroku-24', '-a', 'plain')).toEqual(expect.any(String));
});
