import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { processesWith } from '../rig/process-list.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { pushTiny, tinyApp } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '30', HOKKU_BOOT_TIMEOUT: '120' } });
}, 60_000);
afterAll(() => rig[Symbol.asyncDispose](), 60_000);

/** In the arguments of what these tests start, and of nothing else on the machine. */
const run = randomUUID().slice(0, 8);

/** Ignores every signal that can be, with a daemon that has left session and parent, and children that sleep and spin. */
const stubborn = (mark: string): string => `#!/bin/bash
trap '' TERM INT HUP QUIT PIPE
(setsid bash -c "trap '' TERM INT HUP; exec -a ${mark}-${run}-daemon sleep 600" > /dev/null 2>&1 &)
bash -c "trap '' TERM; exec -a ${mark}-${run}-child sleep 600" &
echo "${mark} runs"
while :; do sleep 600; done
`;

const remaining = (mark: string) => processesWith(`${mark}-${run}-`);
const left = (mark: string): Promise<number> => Promise.resolve(remaining(mark).length);

/** From the call to when nothing of the tree is left, which is no longer than two seconds; on a busy machine a little. */
async function cancelled(
  mark: string,
  path: string | (() => Promise<string>),
): Promise<{ status: number; body: string }> {
  await eventually(`${mark} to run`, async () => (await left(mark)) >= 2);
  const which = typeof path === 'string' ? path : await path();
  const startedAt = performance.now();
  const answer = await rig.api('DELETE', which);
  await eventually('nothing left', async () => (await left(mark)) === 0).catch((error: unknown) => {
    throw new Error(`after ${answer.status} ${answer.body}: ${JSON.stringify(remaining(mark))}`, { cause: error });
  });
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  return answer;
}

async function builds(app: RigApp): Promise<readonly { id: string; status: string }[]> {
  return (await rig.api('GET', `/apps/${app.name}/builds`)).json as { id: string; status: string }[];
}

const newestBuild = async (app: RigApp): Promise<string> =>
  `/apps/${app.name}/builds/${(await builds(app)).at(-1)?.id ?? ''}`;

it('cancels a push at every stage: build, release command, boot; what ran before runs on, and the next push works', async () => {
  const app = await rig.createApp();
  await pushTiny(app, 'one');

  await app.write({ 'bin/pre_compile': stubborn('compile') });
  await app.commit('slow build');
  const building = app.startPush();
  await eventually('the build', () => Promise.resolve(building.output().includes('compile runs')));
  expect(await cancelled('compile', () => newestBuild(app))).toMatchObject({ status: 200 });
  const built = await building.result;
  expect(built.exitCode).toBe(1);
  expect(built.output).toMatch(/the build was cancelled[^]*It was cancelled by admin@localhost/);

  const quick = { 'bin/pre_compile': '#!/bin/sh\n' };
  await app.write({
    ...quick,
    'bin/migrate': stubborn('migrate'),
    Procfile: 'web: exec python server.py\nrelease: bash bin/migrate\n',
  });
  await app.commit('slow release');
  const releasing = app.startPush();
  await eventually('the release command', () => Promise.resolve(releasing.output().includes('migrate runs')));
  expect(await cancelled('migrate', () => newestBuild(app))).toMatchObject({ status: 200 });
  expect((await releasing.result).output).toContain('is not live: it was cancelled by admin@localhost');
  expect((await app.releases()).at(-1)).toMatchObject({ status: 'failed', current: false });

  await app.write({ 'bin/web': stubborn('boot'), Procfile: 'web: exec bash bin/web\n' });
  await app.commit('slow boot');
  const booting = app.startPush();
  expect(await cancelled('boot', () => newestBuild(app))).toMatchObject({ status: 200 });
  const booted = await booting.result;
  expect(booted.exitCode).toBe(1);
  expect(booted.output).toMatch(/v\d+ is not live: it was cancelled. The release before it keeps running./);

  expect((await app.get()).body).toBe('one of web.1');
  expect(await app.dynos()).toMatchObject([{ name: 'web.1', state: 'up', release: { version: 3 } }]);
  await app.clear();
  await app.write(tinyApp('two'));
  await app.commit('two');
  expect((await app.push()).exitCode).toBe(0);
  expect((await app.get()).body).toBe('two of web.1');
  const again = await rig.api('DELETE', await newestBuild(app));
  expect(again).toMatchObject({ status: 422, json: { message: expect.stringContaining('has succeeded already') } });
}, 120_000);

it('cancels the roll-out of a config change, and the boot of a first release', async () => {
  const app = await rig.createApp();
  await app.write({ ...tinyApp('one'), 'bin/slow': stubborn('config') });
  await app.write({ Procfile: 'web: if [ -n "$SLOW" ]; then exec bash bin/slow; fi; exec python server.py\n' });
  await app.commit('one');
  await app.push();
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { SLOW: '1' });
  const answer = await cancelled('config', `/apps/${app.name}/releases/4`);
  expect(answer).toMatchObject({ status: 200, json: { version: 4, status: 'failed', current: false } });
  expect((await app.get()).body).toBe('one of web.1');
  expect((await rig.api('DELETE', `/apps/${app.name}/releases/4`)).status).toBe(422);

  const first = await rig.createApp();
  await first.write({ ...tinyApp('one'), 'bin/slow': stubborn('first'), Procfile: 'web: exec bash bin/slow\n' });
  await first.commit('one');
  const push = first.startPush();
  expect(await cancelled('first', `/apps/${first.name}/releases/3`)).toMatchObject({ status: 200 });
  expect((await push.result).output).toContain('was cancelled while it started, its dynos are stopped');
  await pushTiny(first, 'two');
  expect((await first.get()).body).toBe('two of web.1');
}, 120_000);

it('kills a one-off dyno and a release command that are told to stop twice', async () => {
  const app = await rig.createApp();
  await app.write({ 'bin/slow': stubborn('oneoff') });
  await pushTiny(app, 'one');
  const run = (await rig.api('POST', `/apps/${app.name}/dynos`, { command: 'bash bin/slow' })).json as { name: string };
  await eventually('the one-off', async () => (await left('oneoff')) >= 2);
  const stop = `/apps/${app.name}/dynos/${run.name}/actions/stop`;
  expect((await rig.api('POST', stop)).status).toBe(202);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await left('oneoff')).toBeGreaterThan(0);
  await rig.api('POST', stop);
  await eventually('nothing left', async () => (await left('oneoff')) === 0, 3_000);
}, 60_000);
