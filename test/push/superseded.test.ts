import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { startLoad } from '../rig/request-load.ts';
import { eventually, PlatformRig, type PushResult, type RigApp } from '../rig/platform-rig.ts';
import { processesWith } from '../rig/process-list.ts';
import { pushTiny, tinyApp } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '8', HOKKU_STOP_GRACE: '2' } });
});
afterAll(() => rig[Symbol.asyncDispose]());

const setVars = (app: RigApp, vars: Readonly<Record<string, string | null>>) =>
  rig.api('PATCH', `/apps/${app.name}/config-vars`, vars);

/** An app whose dynos take two seconds to come up. */
async function slowApp(version: string): Promise<RigApp> {
  const app = await rig.createApp();
  await pushTiny(app, version);
  await setVars(app, { BIND_AFTER: '2' });
  await eventually('v4', async () => (await app.releases()).at(-1)?.current === true);
  return app;
}

/** Resolves when the dynos of this push are booting. */
async function pushUntilLaunch(app: RigApp, version: string): Promise<{ result: Promise<PushResult> }> {
  await app.write(tinyApp(version));
  await app.commit(version);
  const push = app.startPush();
  await eventually('the launch', () => Promise.resolve(push.output().includes('Launching...')));
  return push;
}

const table = async (app: RigApp): Promise<readonly string[]> =>
  (await app.releases()).slice(4).map(({ version, status, current }) => `v${version} ${status}${current ? ' *' : ''}`);

it('runs the newest code with the newest vars when a config change overtakes a booting push, and tells the pusher', async () => {
  const app = await slowApp('one');
  await using load = startLoad(app);
  const push = await pushUntilLaunch(app, 'two');
  expect((await setVars(app, { COLOUR: 'red' })).status).toBe(200);

  const { exitCode, output } = await push.result;

  // The push waits for the release that took its place, and says which one that is.
  expect((await app.get()).body).toBe('two of web.1');
  expect(exitCode).toBe(0);
  expect(output).toContain('v5 was superseded by v6 (Set COLOUR config vars) before it was live.');
  expect(output).toContain('Released v6');
  expect(output).not.toContain('Released v5');
  const env = JSON.parse((await app.get('/env')).body) as Record<string, string>;
  expect(Buffer.from(env['COLOUR'] ?? '', 'base64').toString()).toBe('red');
  expect(await table(app)).toEqual(['v5 succeeded', 'v6 succeeded *']);

  const { failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect(new Set(bodies)).toEqual(new Set(['one of web.1', 'two of web.1']));
  await expectNothingLeft(rig);
});

it('refuses the push when the release that overtook it does not come up', async () => {
  const app = await slowApp('one');
  const push = await pushUntilLaunch(app, 'two');
  await setVars(app, { BIND_PORT: '1' });

  const { exitCode, output } = await push.result;

  expect(exitCode).toBe(1);
  expect(output).toContain('v5 was superseded by v6 (Set BIND_PORT config vars) before it was live.');
  expect(output).toMatch(
    /v6 did not come up: web\.1 (exited with status \d+ while it started|did not bind to \$PORT in time)/,
  );
  expect((await app.get()).body).toBe('one of web.1');
  expect(await table(app)).toEqual(['v5 failed', 'v6 failed']);
  // Nothing of it stands in the way of the next try.
  await setVars(app, { BIND_PORT: null });
  const again = await app.push();
  expect(again.exitCode).toBe(0);
  expect((await app.get()).body).toBe('two of web.1');
  await expectNothingLeft(rig);
});

it('says how to get the push back when a rollback overtook it', async () => {
  const app = await slowApp('one');
  const push = await pushUntilLaunch(app, 'two');
  expect((await rig.api('POST', `/apps/${app.name}/releases`, { release: 'v4' })).status).toBe(201);

  const { exitCode, output } = await push.result;

  expect(exitCode).toBe(0);
  expect(output).toContain('v5 was superseded by v6 (Rollback to v4) before it was live.');
  expect(output).toContain(`v6 runs other code. To run this push after all: heroku rollback v5 --app ${app.name}`);
  expect((await app.get()).body).toBe('one of web.1');
  expect((await rig.api('POST', `/apps/${app.name}/releases`, { release: 'v5' })).status).toBe(201);
  await eventually('the push', async () => (await app.get()).body === 'two of web.1');
  await expectNothingLeft(rig);
});

/** Resolves when the release command of a push runs. */
async function pushUntilReleaseCommand(
  app: RigApp,
  seconds: number,
): Promise<{ result: Promise<PushResult>; dyno: string }> {
  const procfile = `web: exec python server.py\nrelease: echo release waits; sleep ${seconds}\n`;
  await app.write(tinyApp('waiting', procfile));
  await app.commit('release command');
  const push = app.startPush();
  await eventually('the release command', () => Promise.resolve(push.output().includes('release waits')));
  const dyno = (await app.dynos()).find(({ type }) => type === 'release')?.name ?? 'none';
  return { ...push, dyno };
}

it('ends a release command that is stopped: its release has failed, and the one before it runs on', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  const { result, dyno } = await pushUntilReleaseCommand(app, 4717);

  const restart = await rig.api('DELETE', `/apps/${app.name}/dynos/${dyno}`);
  expect(restart.status).toBe(422);
  expect(restart.json).toMatchObject({ message: expect.stringContaining(`heroku ps:stop ${dyno}`) });
  expect(processesWith('sleep 4717')).not.toEqual([]);
  const stop = await rig.api('POST', `/apps/${app.name}/dynos/${dyno}/actions/stop`);
  expect(stop.status).toBe(202);

  const { output } = await result;
  expect(output).toContain(
    'v4 is not live: its release command was stopped on request. The release before it keeps running.',
  );
  expect((await app.releases()).slice(2).map(({ status, current }) => [status, current])).toEqual([
    ['succeeded', true],
    ['failed', false],
  ]);
  expect((await app.get()).body).toBe('one of web.1');
  const log = (await app.logs()).join('\n');
  expect(log).toContain(`app[api]: Stopped ${dyno} by user admin@localhost`);
  expect(log).toContain(`heroku[${dyno}]: Stopping all processes with SIGTERM`);
  expect(log).toContain(`heroku[${dyno}]: State changed from up to crashed`);
  await expectNothingLeft(rig, 'sleep 4717');
});

it('ends the release command of an app that is destroyed, and refuses its push', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  const { result } = await pushUntilReleaseCommand(app, 4718);

  expect((await rig.api('DELETE', `/apps/${app.name}`)).status).toBe(200);

  const { exitCode, output } = await result;
  expect(exitCode).toBe(1);
  expect(output).toContain('The app was destroyed while this push was being launched.');
  await expectNothingLeft(rig, 'sleep 4718');
});
