import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { startLoad } from '../rig/request-load.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2' } });
});
afterAll(() => rig[Symbol.asyncDispose]());

const states = async (app: RigApp): Promise<readonly string[]> =>
  (await app.dynos()).map(({ name, state }) => `${name} ${state}`).sort();

async function expectStates(app: RigApp, ...wanted: readonly string[]): Promise<void> {
  await eventually(wanted.join(', '), async () => (await states(app)).join() === wanted.join());
}

async function expectAnswer(app: RigApp, body: string): Promise<void> {
  await eventually(`the answer ${body}`, async () => (await app.get()).body === body);
}

it('scales to 3 and down, stops and restarts dynos, and no request fails', async () => {
  const app = await rig.createApp();
  const procfile = 'web: exec python server.py\nworker: while true; do echo working; sleep 1; done\n';
  await pushTiny(app, 'one', { Procfile: procfile });
  await expectStates(app, 'web.1 up');
  await using load = startLoad(app);

  const scaled = await rig.api('PATCH', `/apps/${app.name}/formation`, {
    updates: [
      { type: 'web', quantity: 3 },
      { type: 'worker', quantity: 1 },
    ],
  });
  expect(scaled.status).toBe(200);
  await expectStates(app, 'web.1 up', 'web.2 up', 'web.3 up', 'worker.1 up');
  const before = new Set((await app.dynos()).map((dyno) => JSON.stringify(dyno)));
  await rig.api('DELETE', `/apps/${app.name}/dynos`);
  await eventually('new dynos', async () => {
    const dynos = await app.dynos();
    return dynos.every((dyno) => dyno.state === 'up' && !before.has(JSON.stringify(dyno)));
  });
  await rig.api('DELETE', `/apps/${app.name}/dynos/web.2`);
  await expectStates(app, 'web.1 up', 'web.2 up', 'web.3 up', 'worker.1 up');
  expect((await rig.api('POST', `/apps/${app.name}/dynos/web.3/actions/stop`)).status).toBe(202);
  await expectStates(app, 'web.1 up', 'web.2 up', 'web.3 down', 'worker.1 up');
  await rig.api('PATCH', `/apps/${app.name}/formation/web`, { quantity: 1 });
  await rig.api('PATCH', `/apps/${app.name}/formation/worker`, { quantity: 0 });
  await expectStates(app, 'web.1 up');
  const redeploy = await pushTiny(app, 'two');
  expect(redeploy.exitCode).toBe(0);
  const { bodies, failures } = await load.stop();
  expect(failures).toEqual([]);
  const names = new Set(bodies);
  for (const n of [1, 2, 3]) expect(names).toContain(`one of web.${n}`);
  expect((await app.get()).body).toBe('two of web.1');
  // All of them off: nobody answers, and the page says so. On again.
  await rig.api('PATCH', `/apps/${app.name}/formation/web`, { quantity: 0 });
  await eventually('no dyno', async () => (await app.dynos()).length === 0);
  expect((await app.get()).status).toBe(503);
  await rig.api('PATCH', `/apps/${app.name}/formation/web`, { quantity: 1 });
  await expectAnswer(app, 'two of web.1');
  const missing = await rig.api('DELETE', `/apps/${app.name}/dynos/web.9`);
  expect([missing.status, missing.json]).toEqual([404, expect.objectContaining({ id: 'not_found' })]);
  await expectNothingLeft(rig);
});

it('config vars of any text reach the dyno byte by byte, by a release and a restart', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  const vars = {
    MULTI_LINE: '-----BEGIN KEY-----\nline\r\n\ttab\n-----END KEY-----\n',
    UTF8: 'größe 名前 🚀\u0301',
    QUOTES: `it's "quoted" \`echo no\` \\ \\n`,
    DOLLAR: '$HOME ${PATH} $(id) $$ %s !! #',
    EMPTY: '',
    SPACES: '  both ends  ',
    EQUALS: 'a=b=c',
    LONG: 'x'.repeat(20_000),
  };
  await using load = startLoad(app);
  const set = await rig.api('PATCH', `/apps/${app.name}/config-vars`, vars);
  expect(set.status).toBe(200);
  expect(set.json).toEqual(expect.objectContaining(vars));
  await eventually('v4', async () => (await app.releases()).at(-1)?.status === 'succeeded');
  await eventually('a dyno of v4', async () => (await app.dynos())[0]?.release.version === 4);
  await expectStates(app, 'web.1 up');
  const env = JSON.parse((await app.get('/env')).body) as Record<string, string>;
  const received = Object.fromEntries(
    Object.keys(vars).map((key) => [key, Buffer.from(env[key] ?? '(not set)', 'base64').toString('utf8')]),
  );
  expect(received).toEqual(vars);
  expect((await app.releases()).at(-1)).toMatchObject({
    version: 4,
    description: 'Set MULTI_LINE, UTF8, QUOTES, DOLLAR, EMPTY, SPACES, EQUALS, LONG config vars',
  });
  // The same again changes nothing; null removes.
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { UTF8: vars.UTF8 });
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { UTF8: null });
  await eventually('v5 live', async () => (await app.dynos())[0]?.release.version === 5);
  expect(JSON.parse((await app.get('/env')).body)).not.toHaveProperty('UTF8');
  expect((await app.releases()).map(({ description }) => description).slice(3)).toEqual([
    expect.stringMatching(/^Set /),
    'Remove UTF8 config vars',
  ]);
  // A build's hooks see them too.
  const push = await pushTiny(app, 'two', {
    'bin/pre_compile': '#!/bin/sh\nprintf "%s|%s|" "$DOLLAR" "$QUOTES"; echo\n',
  });
  expect(push.remoteLines).toContain(`       ${vars.DOLLAR}|${vars.QUOTES}|`);
  expect((await load.stop()).failures).toEqual([]);
  // None of it is in the app's log or the platform's.
  expect((await app.logs()).join('\n') + rig.platformLog).not.toContain('BEGIN KEY');
  await expectNothingLeft(rig);
});

it('a release command runs before the switch; its failure keeps the old release, and says so', async () => {
  const app = await rig.createApp();
  const procfile = 'release: sh migrate.sh\nweb: exec python server.py\n';
  const first = await pushTiny(app, 'one', {
    Procfile: procfile,
    'migrate.sh': 'echo "migrating in $DYNO"; sleep 0.3\n',
  });
  expect(first.exitCode).toBe(0);
  expect(first.output).toContain(
    'Release command declared: this new release will not be available until the command succeeds.',
  );
  expect(first.output).toMatch(/migrating in release\.\d{4}/);
  expect(first.output).toContain('Waiting for release.... done.');
  expect((await app.get()).body).toBe('one of web.1');

  await using load = startLoad(app);
  const second = await pushTiny(app, 'two', { Procfile: procfile, 'migrate.sh': 'echo "no such table"; exit 4\n' });
  expect(second.output).toContain('no such table');
  expect(second.output).toContain(
    'v4 is not live: its release command exited with status 4. The release before it keeps running.',
  );
  const { failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect(new Set(bodies)).toEqual(new Set(['one of web.1']));
  expect((await app.releases()).slice(2).map(({ status, current }) => [status, current])).toEqual([
    ['succeeded', true],
    ['failed', false],
  ]);
  const log = (await app.logs()).map((line) => line.replace(/^\S+ /, '').replace(/release\.\d+/, 'release.1'));
  expect(log).toEqual(
    expect.arrayContaining([
      'app[api]: Running release v4 commands by user admin@localhost',
      'heroku[release.1]: Starting process with command `sh migrate.sh`',
      'app[release.1]: no such table',
      'heroku[release.1]: Process exited with status 4',
      'heroku[release.1]: State changed from up to crashed',
    ]),
  );
  // A config change runs the command of the current release, which works.
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { A: 'b' });
  await eventually('v5 live', async () => (await app.releases()).at(-1)?.current === true);
  await expectAnswer(app, 'one of web.1');
  await expectNothingLeft(rig);
});

it('rolls back to code and config vars of an earlier release', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { COLOUR: 'red' });
  await eventually('v4', async () => (await app.dynos())[0]?.release.version === 4);
  await pushTiny(app, 'two');
  await expectAnswer(app, 'two of web.1');
  await using load = startLoad(app);
  const back = await rig.api('POST', `/apps/${app.name}/releases`, { release: 'v3' });
  expect([back.status, back.json]).toEqual([
    201,
    expect.objectContaining({ version: 6, description: 'Rollback to v3' }),
  ]);
  await expectAnswer(app, 'one of web.1');
  expect((await load.stop()).failures).toEqual([]);
  expect(JSON.parse((await app.get('/env')).body)).not.toHaveProperty('COLOUR');
  const forward = await rig.api('POST', `/apps/${app.name}/releases`, { release: 5 });
  expect(forward.status).toBe(201);
  await expectAnswer(app, 'two of web.1');
  const unknown = await rig.api('POST', `/apps/${app.name}/releases`, { release: 'v99' });
  expect([unknown.status, unknown.json]).toEqual([404, expect.objectContaining({ id: 'not_found' })]);
  const noCode = await rig.api('POST', `/apps/${app.name}/releases`, { release: 'v1' });
  expect(noCode.status).toBe(422);
  await expectNothingLeft(rig);
});
