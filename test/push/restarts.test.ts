import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Load } from '../rig/load.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { descendants, expectNoRemains, processes, stillRunning, type Process } from '../rig/remains.ts';
import { answerOf, commitVersion, deployVersion } from '../rig/versioned-app.ts';

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '5', HOKKU_STOP_GRACE: '2' } });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

it('keeps the log whole and in order through kill -9, of dynos and of the router', async () => {
  const app = await rig.createApp();
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { TICK_MS: '20' });
  await deployVersion(app, 1);
  let served = 0;
  let isOver = false;
  const lanes = [1, 2].map(async () => {
    while (!isOver) {
      served += 1;
      expect((await app.get(`/?number=${served}`)).status).toBe(200);
      await delay(15);
    }
  });
  for (let kills = 0; kills < 4; kills += 1) {
    await delay(200 + Math.random() * 300);
    await rig.killServer();
    await delay(Math.random() * 300);
    await rig.startServer();
  }
  isOver = true;
  await Promise.all(lanes);

  // A log session shows 1,500 lines at most: what is older may be missing at the start, nothing after it.
  const ticks = await numbersOf(app, { source: 'app', dyno: 'web.1' }, /: tick (\d+)$/);
  expect(ticks.length).toBeGreaterThan(100);
  expect(ticks).toEqual(consecutive(ticks));
  const sorted = async (): Promise<readonly number[]> =>
    (await numbersOf(app, { source: 'heroku', dyno: 'router' }, /path="\/\?number=(\d+)"/)).toSorted((a, b) => a - b);
  await eventually('the last router line', async () => (await sorted()).at(-1) === served);
  const requests = await sorted();
  expect(requests.length).toBeGreaterThan(50);
  expect(requests).toEqual(consecutive(requests));
  await rig.api('DELETE', `/apps/${app.name}`);
});

/** What these would be without a hole and without a repetition. */
function consecutive(numbers: readonly number[]): readonly number[] {
  return numbers.map((_, index) => (numbers[0] ?? 0) + index);
}

async function numbersOf(
  app: RigApp,
  filter: { source: string; dyno: string },
  pattern: RegExp,
): Promise<readonly number[]> {
  return (await app.logs(filter)).flatMap((line) => pattern.exec(line)?.[1] ?? []).map(Number);
}

it('remembers crashed and stopped dynos, and starts what was killed by hand', async () => {
  const app = await rig.createApp();
  const procfile = 'web: exec python server.py\nworker: sleep 86\nbroken: sleep 0.2; exit 3\n';
  await deployVersion(app, 1, { Procfile: procfile });
  await rig.api('PATCH', `/apps/${app.name}/formation`, {
    updates: [
      { type: 'worker', quantity: 2 },
      { type: 'broken', quantity: 1 },
    ],
  });
  const states = async (): Promise<string> =>
    (await app.dynos())
      .map(({ name, state }) => `${name} ${state}`)
      .sort()
      .join(', ');
  // The first crash is followed by a start at once, the second by a wait of minutes.
  await eventually(
    'two crashes',
    async () => (await app.logs({ lines: 1500 })).join().split('up to crashed').length === 3,
  );
  await rig.api('POST', `/apps/${app.name}/dynos/worker.2/actions/stop`);
  const rest = 'broken.1 crashed, web.1 up, worker.1 up, worker.2 down';
  await eventually(rest, async () => (await states()) === rest);

  for (const end of [() => rig.killServer(), () => rig.terminateServer()]) {
    await end();
    await rig.startServer();
    expect(await states()).toBe(rest);
  }
  expect((await app.logs()).join().split('up to crashed')).toHaveLength(3);

  const web = await answerOf(app);
  process.kill(await pidIn(app, 'web.1', 'python server.py'), 'SIGKILL');
  await eventually('another web.1', async () => (await answerOf(app).catch(() => web)).started !== web.started);
  const worker = await pidIn(app, 'worker.1', 'sleep 86');
  process.kill(await supervisorOf(app, 'worker.1'), 'SIGKILL');
  await eventually(
    'another worker.1',
    async () => (await pidIn(app, 'worker.1', 'sleep 86').catch(() => worker)) !== worker,
  );
  await eventually(rest, async () => (await states()) === rest);
  expect(processes().some(({ pid }) => pid === worker)).toBe(false);
  await expectNoRemains(rig);
  await rig.api('DELETE', `/apps/${app.name}`);
});

/** What a machine that goes down does to the processes, and what makes the next start a new one. */
interface MachineEnd {
  readonly endsPlatform: () => Promise<void>;
  readonly signal: NodeJS.Signals;
  /** Only a kernel has one; to dynos it looks as if there were a new one, because their records tell of another. */
  readonly isNewBoot: boolean;
}

const machineEnds: Readonly<Record<string, MachineEnd>> = {
  'a power cut': { endsPlatform: () => rig.killServer(), signal: 'SIGKILL', isNewBoot: false },
  // Everybody gets SIGTERM, so supervisors even have the time to write down how their dynos ended.
  'an orderly reboot': { endsPlatform: () => rig.terminateServer(), signal: 'SIGTERM', isNewBoot: true },
};

it.each(Object.keys(machineEnds))('counts no crash after %s of the machine, and starts all dynos', async (name) => {
  const end = machineEnds[name];
  if (end === undefined) throw new Error(`no end ${name}`);
  const app = await rig.createApp();
  await deployVersion(app, 1, { Procfile: 'web: exec python server.py\nworker: exec sleep 87\n' });
  await rig.api('PATCH', `/apps/${app.name}/formation/worker`, { quantity: 1 });
  const areUp = async (): Promise<boolean> => (await states(app)) === 'web.1 up, worker.1 up';
  await eventually('two dynos', areUp);
  const before = await dynoRecords();
  expect(before).toHaveLength(2);

  await end.endsPlatform();
  const supervisors = before.map(({ supervisor }) => supervisor.pid);
  for (const pid of [...supervisors, routerPid()]) process.kill(pid, end.signal);
  const isOver = (): boolean => !processes().some(({ pid }) => supervisors.includes(pid));
  await eventually('the end of the dynos', () => Promise.resolve(isOver()));
  if (end.isNewBoot) for (const { file } of before) await changeBoot(file);
  await rig.startServer();

  await eventually('the same dynos', areUp);
  expect((await answerOf(app)).version).toBe(1);
  expect((await app.logs()).filter((line) => /crashed|Process exited/.test(line))).toEqual([]);
  expect((await dynoRecords()).map(({ file }) => file)).not.toEqual(
    expect.arrayContaining(before.map(({ file }) => file)),
  );
  // Had it been counted, this would be the second crash in a row, which is followed by minutes of waiting.
  const web = await answerOf(app);
  process.kill(await pidIn(app, 'web.1', 'python server.py'), 'SIGKILL');
  await eventually('another web.1', async () => (await answerOf(app).catch(() => web)).started !== web.started);
  await expectNoRemains(rig);
  await rig.api('DELETE', `/apps/${app.name}`);
});

async function states(app: RigApp): Promise<string> {
  return (await app.dynos())
    .map(({ name, state }) => `${name} ${state}`)
    .sort()
    .join(', ');
}

async function dynoRecords(): Promise<readonly { file: string; supervisor: { pid: number } }[]> {
  const ids = await readdir(join(rig.dataDir, 'dynos'));
  return Promise.all(
    ids.map(async (id) => {
      const file = join(rig.dataDir, 'dynos', id, 'dyno.json');
      return { file, ...(JSON.parse(await readFile(file, 'utf8')) as { supervisor: { pid: number } }) };
    }),
  );
}

async function changeBoot(file: string): Promise<void> {
  const record = JSON.parse(await readFile(file, 'utf8')) as object;
  expect(record).toHaveProperty('bootId');
  await writeFile(file, JSON.stringify({ ...record, bootId: '00000000-0000-4000-8000-000000000000' }));
}

/** From the rig's own record: other platforms of this machine have a `web.1`, too. */
async function supervisorOf(app: RigApp, name: string): Promise<number> {
  const dynos = (await rig.api('GET', `/apps/${app.name}/dynos`)).json as { id: string; name: string }[];
  const id = dynos.find((dyno) => dyno.name === name)?.id ?? '';
  const record = JSON.parse(await readFile(join(rig.dataDir, 'dynos', id, 'dyno.json'), 'utf8')) as {
    supervisor: { pid: number };
  };
  return record.supervisor.pid;
}

/** The process of a dyno whose arguments begin so. */
async function pidIn(app: RigApp, dyno: string, start: string): Promise<number> {
  const find = async (): Promise<Process | undefined> =>
    descendants(await supervisorOf(app, dyno)).find(({ command }) => command.startsWith(start));
  return (await eventually(`${start} in ${dyno}`, find)).pid;
}

it('starts a router that was killed by hand at once, with all routes', async () => {
  const apps = [await rig.createApp(), await rig.createApp()];
  for (const [index, app] of apps.entries()) await deployVersion(app, index + 1);
  process.kill(routerPid(), 'SIGKILL');
  const killedAt = performance.now();
  const [first, second] = apps;
  if (first === undefined || second === undefined) throw new Error('two apps');
  await eventually('an answer', () => answerOf(first).catch(() => null));
  expect(performance.now() - killedAt).toBeLessThan(20_000);
  expect([(await answerOf(first)).version, (await answerOf(second)).version]).toEqual([1, 2]);

  // While nobody is there to start it again, the next start of the platform does.
  await rig.killServer();
  process.kill(routerPid(), 'SIGKILL');
  await rig.startServer();
  expect([(await answerOf(first)).version, (await answerOf(second)).version]).toEqual([1, 2]);
  for (const app of apps) await rig.api('DELETE', `/apps/${app.name}`);
});

function routerPid(): number {
  const isIt = (one: Process): boolean => one.command.includes('router-process.js') && one.cwd.startsWith(rig.dataDir);
  const found = processes().find(isIt);
  if (found === undefined) throw new Error('there is no router');
  return found.pid;
}

it('keeps apps running through SIGTERM, which ends a build, and leaves nothing after SIGINT', async () => {
  const app = await rig.createApp();
  await deployVersion(app, 1);
  await using load = new Load(app, { pauseMs: 20 });
  await commitVersion(app, 2, { 'bin/pre_compile': '#!/usr/bin/env bash\necho compile waits\nsleep 4721\n' });
  const push = app.startPush();
  await eventually('the build', () => Promise.resolve(push.output().includes('compile waits')));
  await rig.terminateServer();
  const refused = await push.result;
  expect(refused.exitCode).toBe(1);
  expect(refused.output).toMatch(/stopp/);
  await delay(300);
  await rig.startServer();
  expect((await answerOf(app)).version).toBe(1);
  await expectNoRemains(rig, 'sleep 4721');
  const builds = (await rig.api('GET', `/apps/${app.name}/builds`)).json as { status: string }[];
  expect(builds.map(({ status }) => status).sort()).toEqual(['failed', 'succeeded']);
  await deployVersion(app, 3);
  expect(await load.stop()).toMatchObject({ failures: [], stale: [] });

  await rig.interruptServer();
  expect(stillRunning(rig)).toEqual([]);
  await rig.startServer();
  expect((await eventually('the app', () => answerOf(app).catch(() => null))).version).toBe(3);
  await rig.api('DELETE', `/apps/${app.name}`);
});
