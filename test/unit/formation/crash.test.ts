import { expect, it } from '@jest/globals';
import { FormationRig, until, present } from '../../rig/formation-rig.ts';

it('takes a crashed dyno out of the route at once, restarts it, and spaces the next restarts', async () => {
  const crash = { resetAfterMs: 600_000, firstCooldownMs: 120, maxCooldownMs: 240 };
  await using rig = await FormationRig.start({ limits: { crash } });
  await rig.deploy();
  await rig.scale('web', 2);
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1 web.2',
  );
  rig.runtime.script = () => 'wait';

  rig.runtime.last('web.2').exit(0);

  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1',
  );
  expect(rig.linesOf('web.2').slice(2)).toEqual([
    'Process exited with status 0',
    'State changed from up to crashed',
    'State changed from crashed to starting',
    'Starting process with command `serve -p $PORT`'.replace('$PORT', String(rig.runtime.last('web.2').spec.port)),
  ]);
  const second = rig.runtime.last('web.2');
  rig.runtime.script = () => 'listen';
  const at = Date.now();
  second.exit(1);
  const third = await until(
    () => rig.runtime.last('web.2'),
    (dyno) => dyno !== second,
  );
  expect(Date.now() - at).toBeGreaterThanOrEqual(115);
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1 web.2',
  );
  third.exit(1);
  const row = await until(
    async () => (await rig.store.dynos.list(rig.app.id)).find((one) => one.state === 'crashed'),
    (one) => one !== undefined,
  );
  expect(row).toMatchObject({ name: 'web.2', crashes: 3, exit: { status: 1, signal: null } });
  expect(present(row?.restartAt).getTime() - present(row?.exit).at.getTime()).toBe(240);
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up,web.2 up',
  );
});

it('shows the app as starting while its only dyno is restarted, as crashed while it waits', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.runtime.script = () => 'wait';
  const first = rig.runtime.last('web.1');
  first.exit(1);
  await until(
    () => rig.router.now,
    (now) => now === 'starting',
  );
  const second = await until(
    () => rig.runtime.last('web.1'),
    (dyno) => dyno !== first,
  );
  second.exit(1);
  await until(
    () => rig.router.now,
    (now) => now === 'crashed',
  );
  expect(rig.router.history.slice(-3)).toEqual(['up v1 web.1', 'starting', 'crashed']);

  rig.runtime.script = () => 'listen';
  await rig.formation.restart(rig.app, { all: true });

  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1',
  );
  const crashes = async () => (await rig.store.dynos.list(rig.app.id)).map((row) => row.crashes);
  expect(await until(crashes, (all) => all.length === 1)).toEqual([0]);
});

it('restarts the old release when it crashes during a roll-out', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.runtime.script = ({ releaseVersion }) => (releaseVersion === 2 ? 'wait' : 'listen');
  const outcome = rig.rollOut(await rig.release({ web: 'serve' }));
  await until(
    () => rig.runtime.last('web.1').spec.releaseVersion,
    (version) => version === 2,
  );
  const incoming = rig.runtime.last('web.1');

  present(rig.runtime.dynos[0]).exit(1);
  await until(
    () => rig.runtime.dynos.filter(({ spec }) => spec.releaseVersion === 1).length,
    (count) => count === 2,
  );
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1',
  );
  incoming.listen();

  expect(await outcome).toEqual({ status: 'live' });
  await until(
    () => rig.runtime.running.length,
    (running) => running === 1,
  );
  expect(rig.dynos).toEqual(['web.1 up v2']);
});

it('keeps a crashed dyno and its back-off over a restart of the platform', async () => {
  const crash = { resetAfterMs: 600_000, firstCooldownMs: 300, maxCooldownMs: 600 };
  await using rig = await FormationRig.start({ limits: { crash } });
  rig.runtime.script = () => ({ exit: 1 });
  await rig.rollOut(await rig.release({ web: 'serve' }));
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 crashed' && rig.runtime.dynos.length === 2,
  );
  await until(
    () => rig.runtime.last('web.1').isRemoved,
    (isTrue) => isTrue,
  );
  const [row] = await rig.store.dynos.list(rig.app.id);
  rig.runtime.script = () => 'listen';

  await rig.restartPlatform();

  expect(rig.dynos).toEqual(['web.1 crashed v1']);
  expect(rig.router.now).toBe('crashed');
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1',
  );
  expect(Date.now()).toBeGreaterThanOrEqual(present(row?.restartAt).getTime());
  expect((await rig.store.dynos.list(rig.app.id)).map((one) => one.crashes)).toEqual([2]);
});
