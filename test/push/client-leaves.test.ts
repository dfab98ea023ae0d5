import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HalfPipe } from '../rig/half-pipe.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { descendants, expectNoRemains } from '../rig/remains.ts';
import { answerOf, commitVersion, deployVersion } from '../rig/versioned-app.ts';

let rig: PlatformRig;
let app: RigApp;
let version = 1;

beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '20', HOKKU_STOP_GRACE: '2' } });
  app = await rig.createApp();
  await deployVersion(app, version);
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

const web = 'web: exec python server.py\n';

/** Each takes long enough to be interrupted, and shows on the pusher's side that it has begun. */
const stages: Readonly<Record<string, { files: Readonly<Record<string, string>>; shows: string }>> = {
  compile: { files: { 'bin/pre_compile': '#!/usr/bin/env bash\necho compiling\nsleep 1\n' }, shows: 'compiling' },
  pack: {
    files: { 'bin/pre_compile': '#!/usr/bin/env bash\nhead -c 20M /dev/urandom > big\n' },
    shows: 'Compressing...',
  },
  release: { files: { Procfile: `${web}release: echo releasing; sleep 1\n` }, shows: 'releasing' },
  boot: { files: { BIND_AFTER: '1' }, shows: 'Launching...' },
};

const leaving = Object.keys(stages).flatMap((stage) =>
  (['SIGINT', 'SIGKILL'] as const).map((signal) => [signal, stage] as const),
);

it.each(leaving)('deploys what was pushed though %s ends the client during %s', async (signal, name) => {
  const stage = stages[name];
  if (stage === undefined) throw new Error(`no stage ${name}`);
  version += 1;
  await commitVersion(app, version, stage.files);
  const push = app.startPush();
  await eventually(name, () => Promise.resolve(push.output().includes(stage.shows)));

  endAll(push.child.pid, signal);

  expect((await push.result).exitCode).not.toBe(0);
  await eventually('the deploy', async () => (await answerOf(app)).version === version);
  const [release] = (await app.releases()).filter(({ current }) => current);
  expect(release?.status).toBe('succeeded');
  await expectNoRemains(rig);
  // The branch has moved, too: there is nothing left to push.
  await eventually('the ref', async () => (await app.push()).output.includes('Everything up-to-date'));
});

it.each(['SIGINT', 'SIGKILL'] as const)('keeps nothing of a push that %s ends during receive', async (signal) => {
  const releases = (await app.releases()).length;
  await commitVersion(app, version + 1);
  await app.write({ big: randomBytes(4 * 1024 * 1024) });
  await app.commit('big');
  await using pipe = await HalfPipe.open(rig.port, 2 * 1024 * 1024);
  const push = app.startPush(`${pipe.url}/${app.name}.git`, 'main');
  await eventually('half of the pack', () => Promise.resolve(pipe.isFull));

  endAll(push.child.pid, signal);

  expect((await push.result).exitCode).not.toBe(0);
  await pipe[Symbol.asyncDispose]();
  await expectNoRemains(rig);
  expect((await answerOf(app)).version).toBe(version);
  expect(await app.releases()).toHaveLength(releases);

  version += 2;
  await deployVersion(app, version);
  expect((await answerOf(app)).version).toBe(version);
});

/** Ctrl-C reaches all processes of a client; so does the end of its machine. */
function endAll(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error('git was not started');
  for (const one of [...descendants(pid).map((child) => child.pid), pid]) {
    try {
      process.kill(one, signal);
    } catch (error) {
      // The end of one ends the others.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
