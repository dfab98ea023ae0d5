/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { PlatformRig, type RigApp } from '../rig/platform-rig.ts';

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

itWithCli('shares an app and manages tokens with the official CLI', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  const heroku = async (args: readonly string[], env: Record<string, string> = {}) => {
    const result = await cli.run(args, cli.home, env);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result.stdout;
  };
  const eve = await accountOf('eve@example.com');
  const asEve = { HEROKU_API_KEY: eve };
  await heroku(['create', 'cli-shared', '--no-remote']);

  expect((await cli.run(['apps:info', '--app', 'cli-shared'], cli.home, asEve)).stderr).toContain(
    "Couldn't find that app",
  );
  const unknown = await cli.run(['access:add', 'who@example.com', '--app', 'cli-shared'], cli.home);
  expect(unknown.stderr.replace(/[\s›]+/g, ' ')).toMatch(/Couldn't find that user\..*POST \/accounts/);
  await heroku(['access:add', 'eve@example.com', '--app', 'cli-shared']);
  expect(await heroku(['access', '--app', 'cli-shared'])).toMatch(
    /admin@localhost +owner +deploy, manage, operate, view[^]*eve@example\.com +collaborator +deploy, operate, view/,
  );
  expect(await heroku(['auth:whoami'], asEve)).toBe('eve@example.com\n');
  expect(await heroku(['apps'], asEve)).toMatch(/Collaborated Apps[^]*cli-shared +admin@localhost/);
  await heroku(['config:set', 'A=1', '--app', 'cli-shared'], asEve);
  const destroying = await cli.run(['apps:destroy', '--app', 'cli-shared', '--confirm', 'cli-shared'], cli.home, asEve);
  expect(destroying.stderr.replace(/[\s›]+/g, ' ')).toMatch(/needs the permission manage.* Error ID: forbidden/);
  await heroku(['access:remove', 'eve@example.com', '--app', 'cli-shared']);
  expect((await cli.run(['config', '--app', 'cli-shared'], cli.home, asEve)).exitCode).not.toBe(0);

  const token = (
    await heroku([
      'authorizations:create',
      '--description',
      'CI',
      '--scope',
      'read,identity',
      '--expires-in',
      '3600',
      '--short',
    ])
  ).trim();
  expect(token).toMatch(/^HRKU-[\da-f-]{36}$/);
  const asCi = { HEROKU_API_KEY: token };
  expect(await heroku(['apps'], asCi)).toContain('cli-shared');
  expect((await cli.run(['config', '--app', 'cli-shared'], cli.home, asCi)).stderr).toContain('read-protected');
  const list = JSON.parse(await heroku(['authorizations', '--json'])) as { id: string; description: string }[];
  const id = list.find(({ description }) => description === 'CI')?.id ?? '';
  expect(await heroku(['authorizations:info', id])).toMatch(/Scope: +(read,identity|identity,read)[^]*Expires at:/);
  await heroku(['authorizations:update', id, '--description', 'Build server']);
  expect(await heroku(['authorizations'])).toMatch(/Build server/);
  expect(await heroku(['authorizations:rotate', id])).toMatch(/Token: +HRKU-/);
  expect((await cli.run(['apps'], cli.home, asCi)).exitCode).not.toBe(0);
  await heroku(['authorizations:revoke', id]);
  expect(await heroku(['authorizations'])).not.toMatch(/Build server/);
  await heroku(['apps:destroy', '--app', 'cli-shared', '--confirm', 'cli-shared']);
});
