import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Load } from '../rig/load.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { expectNoRemains } from '../rig/remains.ts';
import { pushTiny } from '../rig/tiny-app.ts';
import { answerOf, deployVersion } from '../rig/versioned-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '2' } });
});
afterAll(() => rig[Symbol.asyncDispose]());

async function variables(app: RigApp): Promise<Record<string, string>> {
  const env = JSON.parse((await app.get('/env')).body) as Record<string, string>;
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

/** Resolves when the release that `change` makes is pending and a dyno of it is on its way. Returns its version. */
async function launching(app: RigApp, change: () => Promise<{ status: number }>): Promise<number> {
  const starts = async (): Promise<number> =>
    (await app.logs()).filter((line) => line.includes('Starting process with command')).length;
  const before = await starts();
  expect((await change()).status).toBeLessThan(300);
  await eventually('a start', async () => (await starts()) > before);
  const newest = (await app.releases()).at(-1);
  expect(newest?.status).toBe('pending');
  return newest?.version ?? 0;
}

async function expectLive(app: RigApp, version: number): Promise<void> {
  await eventually(`v${version} live`, async () => {
    const dynos = await app.dynos();
    return dynos.length === 1 && dynos[0]?.state === 'up' && dynos[0].release.version === version;
  });
  const releases = await app.releases();
  expect(releases.filter(({ current }) => current).map((release) => release.version)).toEqual([version]);
  expect(releases.filter(({ status }) => status !== 'succeeded')).toEqual([]);
}

it.each(['SIGKILL', 'SIGTERM'])('launches config changes and rollbacks again that %s interrupted', async (signal) => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');
  // From now on every dyno takes its time to come up.
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { BIND_AFTER: '3' });
  await expectLive(app, 4);
  const end = (): Promise<void> => (signal === 'SIGKILL' ? rig.killServer() : rig.terminateServer());

  const set = (vars: Readonly<Record<string, string>>) => () => rig.api('PATCH', `/apps/${app.name}/config-vars`, vars);
  const older = await launching(app, set({ COLOUR: 'red' }));
  const newer = await launching(app, set({ SHAPE: 'round' }));
  expect([older, newer]).toEqual([5, 6]);
  await end();
  await rig.startServer();

  expect((await app.get()).body).toBe('one of web.1');
  await expectLive(app, 6);
  expect(await variables(app)).toMatchObject({ COLOUR: 'red', SHAPE: 'round' });
  expect((await app.logs()).join('\n')).toMatch(
    /app\[api\]: Release v6 was interrupted by a restart of the platform and is launched again\n/,
  );

  const back = () => rig.api('POST', `/apps/${app.name}/releases`, { release: 'v5' });
  expect(await launching(app, back)).toBe(7);
  await end();
  await rig.startServer();
  await expectLive(app, 7);
  expect(await variables(app)).toMatchObject({ COLOUR: 'red' });
  expect(await variables(app)).not.toHaveProperty('SHAPE');
  await expectNoRemains(rig);
  await rig.api('DELETE', `/apps/${app.name}`);
});

it('does not run a release command a second time, and says that its release failed', async () => {
  const app = await rig.createApp();
  const procfile = 'web: exec python server.py\nrelease: echo migrating; sleep ${RELEASE_TAKES:-0}\n';
  await pushTiny(app, 'one', { Procfile: procfile });
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { RELEASE_TAKES: '4716' });
  const migrations = async (): Promise<number> =>
    (await app.logs()).filter((line) => line.endsWith(': migrating')).length;
  await eventually('the release command', async () => (await migrations()) === 2);

  await rig.killServer();
  await rig.startServer();

  expect((await app.releases()).map(({ status }) => status).slice(2)).toEqual(['succeeded', 'failed']);
  expect((await app.logs()).join('\n')).toMatch(
    /Release v4 failed: the platform was stopped before it was live.* Its config vars stay set and run with the next release\./,
  );
  expect((await app.get()).body).toBe('one of web.1');
  await expectNoRemains(rig, 'sleep 4716');
  expect(await migrations()).toBe(2);
  await rig.api('DELETE', `/apps/${app.name}`);
});

it('ends at once on an error that nothing expected, says so, and the next start takes over', async () => {
  // A fault of our own can't be ordered, so the process brings one: a rejection that nobody handles, on a signal.
  const fault =
    'process.on("SIGUSR2",()=>{Promise.reject(new Error("thing is lost",{cause:new Error("disk is gone")}))})';
  await using faulty = await PlatformRig.start({
    settings: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}` },
  });
  const app = await faulty.createApp();
  await deployVersion(app, 1);
  await using load = new Load(app, { pauseMs: 20 });
  process.kill(faulty.pid, 'SIGUSR2');
  expect(await faulty.exited).toBe(1);
  const line = faulty.platformLog.split('\n').find((one) => one.includes('unexpected error, the platform ends'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({
    level: 60,
    origin: 'unhandledRejection',
    err: { message: expect.stringMatching(/thing is lost.*disk is gone/) },
  });
  expect((await answerOf(app)).version).toBe(1);
  await faulty.startServer();
  expect((await app.dynos()).map(({ state }) => state)).toEqual(['up']);
  expect(await load.stop()).toMatchObject({ failures: [] });
  await expectNoRemains(faulty);
});
