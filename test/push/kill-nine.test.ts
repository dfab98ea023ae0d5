import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HalfPipe } from '../rig/half-pipe.ts';
import { Load } from '../rig/load.ts';
import { eventually, PlatformRig, type PushResult, type RigApp } from '../rig/platform-rig.ts';
import { expectNoRemains } from '../rig/remains.ts';
import { answerOf, commitVersion, deployVersion } from '../rig/versioned-app.ts';

let rig: PlatformRig;
let app: RigApp;
/** What is live. */
let live = 1;
/** The last one that was committed. */
let newest = 1;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '2' } });
  app = await rig.createApp();
  await deployVersion(app, 1);
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

interface Stage {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** The pusher's connection breaks off (without being closed) after so many bytes. */
  readonly sentBytes?: number;
  /** True as soon as the platform is in this stage. */
  readonly isReached: (push: ReturnType<RigApp['startPush']>, pipe: HalfPipe) => Promise<boolean> | boolean;
  /** What the app's log then says of the interrupted work. */
  readonly says: RegExp;
}

const web = 'web: exec python server.py\n';
const bash = '#!/usr/bin/env bash\n';

const stages: Readonly<Record<string, Stage>> = {
  receive: {
    files: { big: randomBytes(4 * 1024 * 1024) },
    sentBytes: 2 * 1024 * 1024,
    isReached: async (_push, pipe) => pipe.isFull && (await quarantines()).length > 0,
    // Nothing was begun: the last word is of the release before.
    says: /app\[api\]: Release v\d+ created/,
  },
  compile: {
    files: { 'bin/pre_compile': `${bash}sleep 4711 &\necho compile waits\nsleep 4712\n` },
    isReached: (push) => push.output().includes('compile waits'),
    says: /app\[api\]: Build failed -- the platform was stopped during it, push again/,
  },
  pack: {
    files: { 'bin/pre_compile': `${bash}head -c 80M /dev/urandom > big\n` },
    isReached: async () => (await readdir(join(rig.dataDir, 'slugs'))).some((name) => name.startsWith('tmp-')),
    says: /app\[api\]: Build failed -- the platform was stopped during it, push again/,
  },
  release: {
    files: { Procfile: `${web}release: echo release waits; sleep 4713\n` },
    isReached: (push) => push.output().includes('release waits'),
    says: /app\[api\]: Release v\d+ failed: the platform was stopped before it was live/,
  },
  boot: {
    files: { BIND_AFTER: '4714' },
    isReached: async () =>
      (await app.logs({ source: 'app', lines: 20 })).some((line) => line.endsWith(`version ${newest} starts`)),
    says: /app\[api\]: Release v\d+ failed: the platform was stopped before it was live/,
  },
};

it.each(Object.keys(stages))('goes on after kill -9 during %s as if that push had not been', async (name) => {
  const stage = stages[name];
  if (stage === undefined) throw new Error(`no stage ${name}`);
  await using load = new Load(app, { pauseMs: 20 });
  load.expect(live);
  newest += 1;
  await commitVersion(app, newest, stage.files);
  await using pipe = await HalfPipe.open(rig.port, stage.sentBytes ?? Number.MAX_SAFE_INTEGER);
  const push = app.startPush(`${pipe.url}/${app.name}.git`, 'main');
  await eventually(name, async () => stage.isReached(push, pipe));

  await rig.killServer();

  const result = await endOf(push.result);
  expect(result.exitCode).not.toBe(0);
  // The router and the app go on alone for a while.
  await delay(300);
  await rig.startServer();
  expect((await answerOf(app)).version).toBe(live);
  await expectOneRelease();
  const log = await app.logs({ source: 'app', lines: 20 });
  expect(log.join('\n')).toMatch(stage.says);
  await expectNoRemains(rig, 'sleep 471');

  await deployNext();

  const report = await load.stop();
  expect({ ...report, ok: report.requests > 50 }).toMatchObject({ failures: [], stale: [], ok: true });
});

it('has one release and answers, whenever it is killed around the switch', async () => {
  await using load = new Load(app, { pauseMs: 20 });
  for (let round = 0; round < 4; round += 1) {
    newest += 1;
    await commitVersion(app, newest);
    const push = app.startPush();
    await eventually('the launch', () => Promise.resolve(push.output().includes('Launching...')));
    // Boot of the new dyno, the switch and the end of the old one take about half a second.
    await delay(Math.random() * 600);
    await rig.killServer();
    await endOf(push.result);
    await rig.startServer();

    const { version } = await answerOf(app);
    expect([live, newest]).toContain(version);
    const current = await expectOneRelease();
    // A release that had become current is brought to its end, though nobody waits for it any more.
    await eventually('the current release', async () => (await answerOf(app)).version === current);
    live = current;
    await expectNoRemains(rig);
  }
  await deployNext();
  expect(await load.stop()).toMatchObject({ failures: [], stale: [] });
});

it('lets old dynos finish what they are answering when it is killed while they drain', async () => {
  await using load = new Load(app, { pauseMs: 20 });
  const before = live;
  newest += 1;
  await commitVersion(app, newest);
  const push = app.startPush();
  await eventually('the launch', () => Promise.resolve(push.output().includes('Launching...')));
  let isSwitched = false;
  const slow: Promise<number>[] = [];
  while (!isSwitched) {
    slow.push(app.get('/slow').then(({ status }) => status));
    await delay(50);
    isSwitched = (await answerOf(app)).version === newest;
  }
  await rig.killServer();
  live = newest;
  expect(before).not.toBe(live);
  await delay(300);
  await rig.startServer();

  expect((await answerOf(app)).version).toBe(live);
  expect(await expectOneRelease()).toBe(live);
  expect([...new Set(await Promise.all(slow))]).toEqual([200]);
  await expectNoRemains(rig);
  await deployNext();
  expect(await load.stop()).toMatchObject({ failures: [], stale: [] });
});

/** A push works at once, without anybody cleaning up. */
async function deployNext(): Promise<void> {
  newest += 1;
  await deployVersion(app, newest);
  live = newest;
  expect((await answerOf(app)).version).toBe(live);
  await expectNoRemains(rig);
}

/** Exactly one release is current, what is live is what it says, nothing is pending. Returns its version of the app. */
async function expectOneRelease(): Promise<number> {
  const releases = await app.releases();
  expect(releases.filter(({ status }) => status === 'pending')).toEqual([]);
  const current = releases.filter((release) => release.current);
  expect(current.map(({ status }) => status)).toEqual(['succeeded']);
  const builds = (await rig.api('GET', `/apps/${app.name}/builds`)).json as { status: string }[];
  expect(builds.filter(({ status }) => status === 'pending')).toEqual([]);
  const commit = /^Deploy ([0-9a-f]{8})$/.exec(current[0]?.description ?? '')?.[1] ?? '';
  const version = Number(await app.git('show', `${commit}:VERSION`));
  await eventually('one web dyno of it', async () => {
    const dynos = await app.dynos();
    return dynos.length === 1 && dynos[0]?.state === 'up' && dynos[0].release.version === current[0]?.version;
  });
  return version;
}

async function endOf(result: Promise<PushResult>): Promise<PushResult> {
  const hangs = delay(10_000, null, { ref: false });
  const ended = await Promise.race([result, hangs]);
  if (ended === null) throw new Error('git push hangs');
  return ended;
}

async function quarantines(): Promise<readonly string[]> {
  const repos = join(rig.dataDir, 'repos');
  const found = await Promise.all((await readdir(repos)).map((repo) => readdir(join(repos, repo, 'objects'))));
  return found.flat().filter((name) => /^(tmp|incoming)/.test(name));
}
