import { expect, it } from '@jest/globals';
import type { DynoId, DynoName, ProcessType } from '../../../src/model/ids.ts';
import { FormationRig, until, present } from '../../rig/formation-rig.ts';

/** `web.1 v2`, of every process that runs. */
function running(rig: FormationRig): readonly string[] {
  return rig.runtime.running.map(({ spec }) => `${spec.name} v${spec.releaseVersion}`).sort();
}

it('takes over what runs: routed before it resolves, nothing restarted, nothing said', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await rig.scale('web', 2);
  await rig.scale('worker', 1);
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up,web.2 up,worker.1 up',
  );
  const said = rig.logs.lines.length;

  await rig.restartPlatform();

  expect(rig.router.history).toEqual(['up v1 web.1 web.2']);
  expect(rig.dynos).toEqual(['web.1 up v1', 'web.2 up v1', 'worker.1 up v1']);
  expect(rig.runtime.dynos).toHaveLength(3);
  expect(rig.logs.lines).toHaveLength(said);
  // They are watched, too.
  rig.runtime.last('web.2').exit(1);
  await until(
    () => rig.runtime.dynos.length,
    (count) => count === 4,
  );
});

it('undoes a roll-out that was interrupted while its dynos booted', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.runtime.script = () => 'wait';
  const release = await rig.release({ web: 'serve' });
  const outcome = rig.rollOut(release).catch((error: unknown) => error);
  await until(
    () => rig.runtime.last('web.1').spec.releaseVersion,
    (version) => version === 2,
  );

  await rig.restartPlatform(() => void rig.store.releases.setStatus(release.id, 'failed'));

  expect(await outcome).toMatchObject({ id: 'unavailable' });
  expect(rig.router.history).toEqual(['up v1 web.1']);
  await until(
    () => running(rig).join(),
    (now) => now === 'web.1 v1',
  );
  expect(rig.dynos).toEqual(['web.1 up v1']);
});

it('finishes a roll-out that was interrupted after its release became current', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.runtime.script = () => 'wait';
  const release = await rig.release({ web: 'serve' });
  void rig.rollOut(release).catch(() => undefined);
  await until(
    () => rig.runtime.last('web.1').spec.releaseVersion,
    (version) => version === 2,
  );
  const incoming = rig.runtime.last('web.1');
  await rig.store.releases.setStatus(release.id, 'succeeded');

  await rig.restartPlatform();

  expect(rig.router.history).toEqual(['up v1 web.1']);
  incoming.listen();
  await until(
    () => rig.router.now,
    (now) => now === 'up v2 web.1',
  );
  await until(
    () => running(rig).join(),
    (now) => now === 'web.1 v2',
  );
  // It is the very dyno that was booting.
  expect(rig.runtime.dynos).toHaveLength(2);
  expect(
    await until(
      () => rig.rows(),
      (rows) => rows.length === 1,
    ),
  ).toEqual(['web.1 up']);
});

it('finishes a roll-out that was interrupted between its last write and the swap', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  const release = await rig.release({ web: 'serve' });
  const reached = new Promise<void>((resolve) => {
    const hang = async (): Promise<never> => {
      await rig.store.releases.setStatus(release.id, 'succeeded');
      resolve();
      return new Promise(() => undefined);
    };
    void rig.formation.rollOut(rig.app, release, hang).catch(() => undefined);
  });
  await reached;

  await rig.restartPlatform();

  expect(rig.router.history).toEqual(['up v2 web.1']);
  await until(
    () => running(rig).join(),
    (now) => now === 'web.1 v2',
  );
});

it('finishes a roll-out that was interrupted while the old dynos were drained', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  const [old] = rig.runtime.dynos;
  rig.router.holdRequests();
  await rig.deploy();
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 stopping,web.1 up',
  );
  expect(present(old).signals).toEqual([]);

  await rig.restartPlatform();

  expect(rig.router.history).toEqual(['up v2 web.1']);
  await until(
    () => present(old).isRemoved,
    (isTrue) => isTrue,
  );
  expect(present(old).signals).toEqual(['SIGTERM']);
  expect(
    await until(
      () => rig.rows(),
      (rows) => rows.length === 1,
    ),
  ).toEqual(['web.1 up']);
});

it('gives an interrupted release up for good when it does not come up', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.runtime.script = () => 'wait';
  const release = await rig.release({ web: 'serve' });
  void rig.rollOut(release).catch(() => undefined);
  await until(
    () => rig.runtime.last('web.1').spec.releaseVersion,
    (version) => version === 2,
  );
  await rig.store.releases.setStatus(release.id, 'succeeded');

  await rig.restartPlatform();
  rig.runtime.last('web.1').exit(1);

  const newest = await until(
    () => rig.store.releases.findNewest(rig.app.id),
    (one) => one?.status === 'failed',
  );
  expect(newest?.version).toBe(2);
  expect(rig.dynos).toEqual(['web.1 up v1']);
  expect(rig.router.history).toEqual(['up v1 web.1']);
});

it('starts a dyno that was about to be launched, and counts no crash', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up',
  );
  const [row] = await rig.store.dynos.list(rig.app.id);
  const worker = { id: 'w' as DynoId, name: 'worker.1' as DynoName, type: 'worker' as ProcessType, port: null };
  await rig.store.dynos.save({ ...present(row), ...worker, state: 'starting', command: 'work' });
  await rig.store.formation.set(rig.app.id, worker.type, { quantity: 1 });

  await rig.restartPlatform();

  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up,worker.1 up',
  );
  expect(rig.linesOf('worker.1')).toEqual([
    'Starting process with command `work`',
    'State changed from starting to up',
  ]);
});

it('kills a dyno that was stopping after the rest of its grace', async () => {
  await using rig = await FormationRig.start({ limits: { stopGraceMs: 400 } });
  await rig.deploy();
  const [old] = rig.runtime.dynos;
  present(old).obeysTerm = false;
  await rig.deploy();
  await until(
    () => present(old).signals.length,
    (signals) => signals === 1,
  );
  await until(
    () => rig.rows(),
    (rows) => rows.includes('web.1 stopping'),
  );

  await rig.restartPlatform();

  await until(
    () => present(old).isRemoved,
    (isTrue) => isTrue,
  );
  expect(present(old).signals).toEqual(['SIGTERM', 'SIGTERM', 'SIGKILL']);
  expect(running(rig)).toEqual(['web.1 v1'.replace('v1', 'v2')]);
});

it.each(['persisted', 'not yet persisted'])(
  'keeps no place for a stopped dyno whose place is taken away, %s',
  async (when) => {
    await using rig = await FormationRig.start({ limits: { stopGraceMs: 400 } });
    await rig.deploy({ web: 'serve -p $PORT', worker: 'work' });
    await rig.scale('worker', 1);
    const worker = await until(
      () => rig.runtime.dynos.find(({ spec }) => spec.name === 'worker.1'),
      (one) => one !== undefined,
    );
    present(worker).obeysTerm = false;
    await rig.formation.stop(rig.app, { name: 'worker.1' as DynoName });
    const rowsAre = (row: string): Promise<unknown> =>
      until(
        () => rig.rows(),
        (rows) => rows.includes(row),
      );
    await rowsAre('worker.1 down');
    await rig.store.formation.set(rig.app.id, 'worker' as ProcessType, { quantity: 0 });
    if (when === 'persisted') {
      await rig.formation.scale(rig.app);
      await rowsAre('worker.1 stopping');
    }

    await rig.restartPlatform();

    await until(
      () => rig.rows(),
      (rows) => rows.join() === 'web.1 up',
    );
    expect(rig.dynos).toEqual(['web.1 up v1']);
  },
);

it('goes on with a first deploy where its boot had come to', async () => {
  await using rig = await FormationRig.start({ limits: { bootTimeoutMs: 2_500 } });
  rig.runtime.script = () => 'wait';
  void rig.rollOut(await rig.release({ web: 'serve', worker: 'work' })).catch(() => undefined);
  await until(
    () => rig.runtime.dynos.length,
    (count) => count === 1,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // Of its time to boot.

  const restartedAt = Date.now();
  await rig.restartPlatform();

  expect(rig.dynos).toEqual(['web.1 starting v1']);
  expect(rig.router.now).toBe('starting');
  await until(
    () => rig.linesOf('web.1').some((line) => line.startsWith('Error R10')),
    (isTrue) => isTrue,
  );
  expect(Date.now() - restartedAt).toBeLessThan(2_400);
});

it('counts a dyno that ended while the platform was away as crashed, at that moment', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await rig.scale('worker', 1);
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up,worker.1 up',
  );

  await rig.restartPlatform(() => {
    rig.runtime.last('web.1').exit(9);
  });

  expect(rig.router.history).toEqual(['starting']);
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1',
  );
  expect(rig.linesOf('web.1').slice(2, 5)).toEqual([
    'Process exited with status 9',
    'State changed from up to crashed',
    'State changed from crashed to starting',
  ]);
  const web = async () => (await rig.store.dynos.list(rig.app.id)).filter((row) => row.name === 'web.1');
  expect(await until(web, (rows) => rows.length === 1)).toMatchObject([{ crashes: 1 }]);
});

it('starts everything at once after the machine was restarted, and counts no crash', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await rig.scale('worker', 1);
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up,worker.1 up',
  );

  await rig.restartPlatform(() => {
    for (const dyno of rig.runtime.dynos) dyno.lose();
  });

  expect(rig.router.history[0]).toBe('starting');
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up,worker.1 up',
  );
  expect((await rig.store.dynos.list(rig.app.id)).map((row) => row.crashes)).toEqual([0, 0]);
  expect(rig.runtime.dynos.map((dyno) => dyno.isRemoved)).toEqual([true, true, false, false]);
});

it('ends dynos that nobody knows, and starts what is missing', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up',
  );
  const { spec } = rig.runtime.last('web.1');
  await rig.runtime.start({ ...spec, id: 'stranger' as DynoId, name: 'release.1234' as DynoName });
  await rig.store.formation.set(rig.app.id, 'worker' as ProcessType, { quantity: 2 });

  await rig.restartPlatform();

  await until(
    () => rig.runtime.last('release.1234').isRemoved,
    (isTrue) => isTrue,
  );
  await until(
    () => running(rig).join(),
    (now) => now === 'web.1 v1,worker.1 v1,worker.2 v1',
  );
  expect(rig.router.history).toEqual(['up v1 web.1']);
});

it('does not give a port of an adopted dyno to another', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  await rig.scale('web', 3);
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1 web.2 web.3',
  );
  await rig.restartPlatform();
  await rig.scale('web', 20);
  const ports = rig.runtime.running.map(({ spec }) => spec.port);
  expect(new Set(ports).size).toBe(20);
});
