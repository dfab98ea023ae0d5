import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';
import { tinyApp } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '2', HOKKU_MAX_BUILDS: '3' } });
});
afterAll(() => rig[Symbol.asyncDispose]());

it('two pushes to one app at once: one after the other, and the second sees that it waits', async () => {
  const app = await rig.createApp();
  const slow = { 'bin/pre_compile': '#!/bin/sh\necho "build of $(cat VERSION)"; sleep 1.5\n' };
  await app.write({ ...tinyApp('one'), ...slow });
  await app.commit('one');
  const first = app.startPush();
  await eventually('the first build', () => Promise.resolve(first.output().includes('build of one')));

  // The second one is on another deploy branch: git itself refuses two moves of one ref from the same old commit.
  await app.write({ VERSION: 'two\n' });
  await app.commit('two');
  const second = app.startPush('heroku', 'main:master');
  await eventually('the line of the waiting', () => Promise.resolve(/Waiting for/.test(second.output())));
  expect(second.output()).not.toContain('Building source');

  const [one, two] = await Promise.all([first.result, second.result]);
  expect([one.exitCode, two.exitCode]).toEqual([0, 0]);
  expect(one.output).toContain('Released v3');
  expect(two.output).toMatch(/Waiting for [^\n]*\n[^]*build of two[^]*Released v4/);
  expect((await app.get()).body).toBe('two of web.1');
  expect((await app.releases()).map(({ current }) => current)).toEqual([false, false, false, true]);

  // On one branch: the second one waits too, and is told when the branch has moved under it.
  await app.write({ VERSION: 'three\n' });
  await app.commit('three');
  const third = app.startPush();
  await eventually('the third build', () => Promise.resolve(third.output().includes('build of three')));
  await app.write({ VERSION: 'four\n' });
  await app.commit('four');
  const fourth = await app.push();
  expect((await third.result).exitCode).toBe(0);
  // Git chose its old commit before the third had moved the branch.
  expect(fourth.exitCode).toBe(1);
  expect(fourth.output).toMatch(/Waiting for [^]*Push again to deploy on top of it\./);
  expect((await app.push()).exitCode).toBe(0);
  expect((await app.get()).body).toBe('four of web.1');
  await expectNothingLeft(rig);
});

it('twenty pushes to twenty apps at once: all are live, and none answers for another', async () => {
  const apps = [];
  for (let n = 0; n < 20; n += 1) {
    const app = await rig.createApp();
    await app.write(tinyApp(`app ${app.name}`));
    await app.commit();
    apps.push(app);
  }
  const pushes = await Promise.all(apps.map((app) => app.push()));
  expect(pushes.filter(({ exitCode }) => exitCode !== 0).map(({ output }) => output)).toEqual([]);
  expect(
    pushes.filter(({ output }) => output.includes('Waiting for a build to end: 3 are under way')).length,
  ).toBeGreaterThan(0);
  expect(pushes.filter(({ output }) => output.includes('Warning')).map(({ output }) => output)).toEqual([]);
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(apps.map((app) => app.get()));
    expect(answers.map(({ body }) => body)).toEqual(apps.map((app) => `app ${app.name} of web.1`));
  }
  await expectNothingLeft(rig);
});
