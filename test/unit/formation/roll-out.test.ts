import { expect, it } from '@jest/globals';
import { FormationRig, until, present } from '../../rig/formation-rig.ts';

it('starts one web dyno on the first deploy, with the port in the log and no secret', async () => {
  await using rig = await FormationRig.start();
  expect(rig.router.now).toBe('blank');

  await rig.deploy({ web: 'serve -p $PORT -k ${PORT} $SECRET $PORTS', worker: 'work', release: 'migrate' });

  expect(rig.dynos).toEqual(['web.1 up v1']);
  expect(rig.router.now).toBe('up v1 web.1');
  const { spec } = rig.runtime.last('web.1');
  expect(spec.env).toMatchObject({ DYNO: 'web.1', PORT: String(spec.port), SECRET: 'hunter2', HOME: '/app' });
  expect(rig.linesOf('web.1')).toEqual([
    `Starting process with command \`serve -p ${spec.port} -k ${spec.port} $SECRET $PORTS\``,
    'State changed from starting to up',
  ]);
  const entries = await rig.store.formation.list(rig.app.id);
  expect(entries.map((entry) => `${entry.type}=${entry.quantity}`).sort()).toEqual(['web=1', 'worker=0']);
});

it('swaps all web dynos in one message, then drains and stops the old ones, then changes the workers', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await rig.scale('web', 2);
  await rig.scale('worker', 1);
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1 web.2',
  );
  const old = rig.runtime.running.filter(({ spec }) => spec.type === 'web');
  const requests = rig.router.holdRequests();
  rig.router.routes.length = 0;
  rig.runtime.script = () => 'wait';

  const outcome = rig.rollOut(await rig.release({ web: 'serve', worker: 'work' }));
  const first = await until(
    () => rig.runtime.last('web.1'),
    (dyno) => dyno.spec.releaseVersion === 2,
  );
  first.listen();
  const second = await until(
    () => rig.runtime.last('web.2'),
    (dyno) => dyno.spec.releaseVersion === 2,
  );
  expect(rig.router.routes).toEqual([]);
  expect(rig.runtime.last('worker.1').spec.releaseVersion).toBe(1);
  second.listen();

  expect(await outcome).toEqual({ status: 'live' });
  expect(rig.router.history).toEqual(['up v2 web.1 web.2']);
  expect(rig.runtime.last('worker.1').spec.releaseVersion).toBe(2);
  expect(rig.dynos).toEqual(['web.1 up v2', 'web.2 up v2', 'worker.1 up v2']);
  expect((await rig.store.releases.findCurrent(rig.app.id))?.version).toBe(2);
  expect(old.map((dyno) => dyno.signals)).toEqual([[], []]);
  requests.resolve();
  await until(
    () => old.every((dyno) => dyno.isRemoved),
    (isTrue) => isTrue,
  );
  expect(old.map((dyno) => dyno.signals)).toEqual([['SIGTERM'], ['SIGTERM']]);
  expect(rig.linesOf('web.1').slice(2)).toEqual([
    'Restarting',
    'State changed from up to starting',
    'Starting process with command `serve`',
    'State changed from starting to up',
    'Stopping all processes with SIGTERM',
    'Process exited with status 143',
  ]);
  expect(
    await until(
      () => rig.rows(),
      (rows) => rows.length === 3,
    ),
  ).toEqual(['web.1 up', 'web.2 up', 'worker.1 up']);
});

it('keeps the old release when a new web dyno exits while it boots', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  await rig.scale('web', 2);
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1 web.2',
  );
  rig.runtime.script = () => 'wait';
  const release = await rig.release({ web: 'serve' });
  const outcome = rig.rollOut(release);
  const [one, two] = await until(
    () => rig.runtime.dynos.filter(({ spec }) => spec.releaseVersion === 2),
    (dynos) => dynos.length === 2,
  );
  rig.lastLines.set(
    present(two).spec.id,
    Array.from({ length: 30 }, (_, n) => `line ${n}`),
  );
  present(one).listen();
  present(two).exit(3);

  expect(await outcome).toMatchObject({
    status: 'kept-old',
    reason: 'crashed',
    dyno: present(two).spec.name,
    exit: { status: 3 },
    lastLines: Array.from({ length: 20 }, (_, n) => `line ${n + 10}`),
  });
  await until(
    () => present(one).isRemoved,
    (isTrue) => isTrue,
  );
  expect(rig.router.history.some((route) => route.includes('v2'))).toBe(false);
  expect(rig.router.now).toBe('up v1 web.1 web.2');
  expect(rig.dynos).toEqual(['web.1 up v1', 'web.2 up v1']);
  expect(
    await until(
      () => rig.rows(),
      (rows) => rows.length === 2,
    ),
  ).toEqual(['web.1 up', 'web.2 up']);
  expect((await rig.store.releases.findById(release.id))?.status).toBe('pending');
});

it('says R10 and kills a web dyno that does not listen in time', async () => {
  await using rig = await FormationRig.start({ limits: { bootTimeoutMs: 60 } });
  await rig.deploy();
  rig.runtime.script = () => 'wait';

  const outcome = await rig.rollOut(await rig.release({ web: 'serve' }));

  expect(outcome).toMatchObject({ status: 'kept-old', reason: 'boot-timeout', dyno: 'web.1', exit: { status: 137 } });
  expect(rig.linesOf('web.1').slice(5)).toEqual([
    'Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 0 seconds of launch',
    'Stopping process with SIGKILL',
    'Process exited with status 137',
    'State changed from starting to crashed',
    'Release v2 did not come up, release v1 keeps running',
  ]);
  expect(rig.router.now).toBe('up v1 web.1');
});

it('reports a first deploy that crashes, and leaves it to the crash policy', async () => {
  await using rig = await FormationRig.start();
  rig.runtime.script = ({ type }) => (type === 'web' ? { exit: 1 } : 'listen');

  const outcome = await rig.rollOut(await rig.release({ web: 'serve' }));

  expect(outcome).toMatchObject({ status: 'crashed', reason: 'crashed', dyno: 'web.1', exit: { status: 1 } });
  await until(
    () => rig.router.now,
    (now) => now === 'crashed',
  );
  expect(rig.linesOf('web.1')).toEqual([
    'Starting process with command `serve`',
    'Process exited with status 1',
    'State changed from starting to crashed',
    'State changed from crashed to starting',
    'Starting process with command `serve`',
    'Process exited with status 1',
    'State changed from starting to crashed',
  ]);
  rig.runtime.script = () => 'listen';
  await rig.deploy();
  expect(rig.router.now).toBe('up v2 web.1');
  expect(
    await until(
      () => rig.rows(),
      (rows) => rows.length === 1,
    ),
  ).toEqual(['web.1 up']);
});

it('replaces the old release by one that does not come up when the operator wants it so', async () => {
  await using rig = await FormationRig.start({ keepOld: false });
  await rig.deploy();
  rig.runtime.script = () => ({ exit: 1 });

  expect(await rig.rollOut(await rig.release({ web: 'serve' }))).toMatchObject({ status: 'crashed', dyno: 'web.1' });

  await until(
    () => rig.router.now,
    (now) => now === 'crashed',
  );
  await until(
    () => rig.runtime.running.length,
    (running) => running === 0,
  );
  expect(rig.dynos).toEqual(['web.1 crashed v2']);
});

it('lets the latest of several releases win, the one that is booting included', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.runtime.script = () => 'wait';
  const booting = rig.rollOut(await rig.release({ web: 'serve' }));
  await until(
    () => rig.runtime.last('web.1').spec.releaseVersion,
    (version) => version === 2,
  );
  const [third, fourth] = [await rig.release({ web: 'serve' }), await rig.release({ web: 'serve' })];
  rig.runtime.script = () => 'listen';

  const waiting = rig.rollOut(third);
  const last = rig.rollOut(fourth);

  expect(await booting).toEqual({ status: 'superseded' });
  expect(await waiting).toEqual({ status: 'superseded' });
  expect(await last).toEqual({ status: 'live' });
  expect(await rig.rollOut(third)).toEqual({ status: 'superseded' });
  expect(rig.runtime.dynos.map(({ spec }) => spec.releaseVersion)).toEqual([1, 2, 4]);
  await until(
    () => rig.runtime.running.length,
    (running) => running === 1,
  );
  expect(rig.router.history.filter((route) => route.startsWith('up'))).toEqual(['up v1 web.1', 'up v4 web.1']);
});

it('removes a type that left the Procfile, and never changes an entry that is there', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await rig.scale('worker', 1);
  await rig.scale('web', 2);

  await rig.deploy({ web: 'serve', clock: 'tick' });

  const entries = await rig.store.formation.list(rig.app.id);
  expect(entries.map((entry) => `${entry.type}=${entry.quantity}`).sort()).toEqual(['clock=0', 'web=2']);
  await until(
    () => rig.runtime.last('worker.1').isRemoved,
    (isTrue) => isTrue,
  );
  expect(rig.dynos).toEqual(['web.1 up v2', 'web.2 up v2']);
});

it('goes live when the router is back, and stops no old dyno before', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  const old = rig.runtime.last('web.1');
  rig.router.refusals = 2;

  await rig.deploy();

  expect(rig.router.now).toBe('up v2 web.1');
  await until(
    () => old.isRemoved,
    (isTrue) => isTrue,
  );
});

it('counts a dyno that could not even be launched as crashed', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.runtime.script = () => ({ fail: 'disk full' });

  const outcome = await rig.rollOut(await rig.release({ web: 'serve' }));

  expect(outcome).toMatchObject({ status: 'kept-old', reason: 'crashed', exit: null });
  expect(rig.linesOf('web.1')).toContain('Error R99 (Platform error) -> Failed to start the dyno');
  expect(rig.router.now).toBe('up v1 web.1');
});
