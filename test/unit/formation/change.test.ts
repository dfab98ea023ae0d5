import { expect, it } from '@jest/globals';
import type { DynoId, DynoName, ProcessType } from '../../../src/model/ids.ts';
import { FormationRig, until, present } from '../../rig/formation-rig.ts';

const web1 = { name: 'web.1' as DynoName };

it('scales up without touching what runs, and down from the highest number, out of the route first', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  await rig.scale('web', 3);
  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1 web.2 web.3',
  );
  expect(rig.runtime.dynos).toHaveLength(3);
  const requests = rig.router.holdRequests();

  await rig.scale('web', 1);

  expect(rig.router.now).toBe('up v1 web.1');
  expect(rig.dynos).toEqual(['web.1 up v1']);
  expect(rig.runtime.running).toHaveLength(3);
  requests.resolve();
  await until(
    () => rig.rows(),
    (rows) => rows.join() === 'web.1 up',
  );
  expect(rig.linesOf('web.3').slice(2)).toEqual([
    'State changed from up to down',
    'Stopping all processes with SIGTERM',
    'Process exited with status 143',
  ]);
  await rig.scale('web', 0);
  expect(rig.router.now).toBe('none');
});

it('restarts the dynos of a type whose size changed', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await rig.scale('worker', 1);
  await rig.store.formation.set(rig.app.id, 'web' as ProcessType, { size: 'standard-2x' });

  await rig.formation.scale(rig.app);

  expect(rig.runtime.dynos.map(({ spec }) => `${spec.name} ${spec.size}`)).toEqual([
    'web.1 basic',
    'worker.1 basic',
    'web.1 standard-2x',
  ]);
  expect(rig.router.history.filter((route) => !route.startsWith('up')).slice(1)).toEqual(['starting']);
});

it('restarts web dynos without a moment in which none is routed, and keeps the old one if the new fails', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  const [old] = rig.runtime.dynos;
  rig.router.routes.length = 0;

  await rig.formation.restart(rig.app, { type: 'web' as ProcessType });

  expect(rig.router.history).toEqual(['up v1 web.1']);
  await until(
    () => present(old).isRemoved,
    (isTrue) => isTrue,
  );
  rig.runtime.script = () => ({ exit: 1 });
  await rig.formation.restart(rig.app, web1);
  expect(rig.router.now).toBe('up v1 web.1');
  expect(rig.runtime.running).toHaveLength(1);
  expect(rig.linesOf('web.1').at(-1)).toBe('The restarted dyno did not come up, the one before it keeps running');
});

it('refuses to restart or stop a dyno that is not there', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  const nobody = { name: 'web.7' as DynoName };
  await expect(rig.formation.restart(rig.app, nobody)).rejects.toMatchObject({
    id: 'not_found',
    message: "Couldn't find that dyno.",
  });
  await expect(rig.formation.stop(rig.app, { type: 'clock' as ProcessType })).rejects.toMatchObject({
    id: 'not_found',
  });
});

it('keeps a stopped dyno down over a restart of the platform, until it is restarted', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.runtime.last('web.1').obeysTerm = false;

  await rig.formation.stop(rig.app, web1);
  expect(rig.router.now).toBe('none');
  expect(rig.dynos).toEqual(['web.1 down v1']);
  await until(
    () => rig.runtime.last('web.1').signals.length,
    (signals) => signals === 1,
  );
  await rig.restartPlatform();
  expect(rig.dynos).toEqual(['web.1 down v1']);
  rig.runtime.last('web.1').exit(143);
  await until(
    () => rig.runtime.last('web.1').isRemoved,
    (isTrue) => isTrue,
  );
  await rig.restartPlatform();
  expect(rig.dynos).toEqual(['web.1 down v1']);
  expect(await rig.rows()).toEqual(['web.1 down']);
  expect(rig.runtime.dynos).toHaveLength(1);

  await rig.formation.restart(rig.app, web1);

  await until(
    () => rig.router.now,
    (now) => now === 'up v1 web.1',
  );
  expect(rig.linesOf('web.1')).toContain('State changed from down to starting');
  expect(
    await until(
      () => rig.rows(),
      (rows) => rows.join() === 'web.1 up',
    ),
  ).toHaveLength(1);
});

it('keeps a dyno down that was being stopped when everything was', async () => {
  await using rig = await FormationRig.start({ limits: { stopGraceMs: 50 } });
  await rig.deploy();
  rig.runtime.last('web.1').obeysTerm = false;
  await rig.formation.stop(rig.app, web1);

  await rig.formation.stopAll();
  await rig.restartPlatform();

  expect(rig.dynos).toEqual(['web.1 down v1']);
  expect(rig.runtime.running).toEqual([]);
});

it('says R12 and kills what does not end after SIGTERM', async () => {
  await using rig = await FormationRig.start({ limits: { stopGraceMs: 1_000 } });
  await rig.deploy();
  const dyno = rig.runtime.last('web.1');
  dyno.obeysTerm = false;

  await rig.scale('web', 0);

  await until(
    () => dyno.isRemoved,
    (isTrue) => isTrue,
  );
  expect(dyno.signals).toEqual(['SIGTERM', 'SIGKILL']);
  expect(rig.linesOf('web.1').slice(2)).toEqual([
    'State changed from up to down',
    'Stopping all processes with SIGTERM',
    'Error R12 (Exit timeout) -> At least one process failed to exit within 1 seconds of SIGTERM',
    'Stopping remaining processes with SIGKILL',
    'Process exited with status 137',
  ]);
});

it('gives a renamed app its new route', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  await rig.formation.refreshRoute({ ...rig.app, name: 'store' as typeof rig.app.name, maintenance: true });
  expect(rig.router.last).toMatchObject({ appName: 'store', hosts: ['store.localhost'], maintenance: true, web: 'up' });
});

it('destroys an app in the middle of a roll-out, requests or not', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  rig.router.holdRequests();
  await rig.formation.restart(rig.app, { all: true });
  rig.runtime.script = () => 'wait';
  const outcome = rig.rollOut(await rig.release({ web: 'serve' }));
  await until(
    () => rig.runtime.last('web.1').spec.releaseVersion,
    (version) => version === 2,
  );
  rig.runtime.last('web.1').obeysTerm = false;

  await rig.formation.removeApp(rig.app.id);

  expect(await outcome).toEqual({ status: 'superseded' });
  expect(rig.runtime.running).toEqual([]);
  expect(rig.runtime.dynos.every((dyno) => dyno.isRemoved)).toBe(true);
  expect(await rig.rows()).toEqual([]);
  expect(rig.router.removed).toEqual([rig.app.id]);
  expect(rig.formation.list(rig.app.id)).toEqual([]);
});

it('stops everything gracefully, and starts it again with the next platform', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy({ web: 'serve', worker: 'work' });
  await rig.scale('worker', 2);

  await rig.formation.stopAll();

  expect(rig.runtime.running).toEqual([]);
  expect(rig.runtime.dynos.map((dyno) => dyno.signals)).toEqual([['SIGTERM'], ['SIGTERM'], ['SIGTERM']]);
  expect(await rig.rows()).toEqual([]);
  await rig.restartPlatform();
  await until(
    () => rig.dynos,
    (dynos) => dynos.join() === 'web.1 up v1,worker.1 up v1,worker.2 up v1',
  );
  expect(rig.router.history).toEqual(['starting', 'up v1 web.1']);
});

it('says that a dyno is up after the lines that it wrote before, and everything else behind that', async () => {
  await using rig = await FormationRig.start();
  rig.runtime.holdsOutput = true;
  await rig.deploy();
  // The roll-out did not wait for the log.
  expect(rig.dynos).toEqual(['web.1 up v1']);
  expect(rig.linesOf('web.1')).toEqual([expect.stringMatching(/^Starting process/)]);
  const dyno = rig.runtime.last('web.1');
  await rig.formation.stop(rig.app, web1);
  await until(
    () => dyno.hasEnded,
    (isTrue) => isTrue,
  );

  rig.logs.append(rig.app.id, [{ atMicros: 0n, source: 'app', process: 'web.1', message: 'listening' }]);
  dyno.handOutput();

  expect(rig.logs.lines.filter((line) => line.includes('[web.1]')).slice(1, 5)).toEqual([
    'app[web.1]: listening',
    'heroku[web.1]: State changed from starting to up',
    'heroku[web.1]: State changed from up to down',
    'heroku[web.1]: Stopping all processes with SIGTERM',
  ]);
});

it('tells a guest to stop that a selector names, and nobody else', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  const [view] = rig.formation.list(rig.app.id);
  const guest = {
    ...present(view),
    id: 'g' as DynoId,
    name: 'release.1234' as DynoName,
    type: 'release' as ProcessType,
  };
  let stops = 0;
  const hide = rig.formation.showGuest(guest, () => (stops += 1));
  await rig.formation.stop(rig.app, { name: guest.name });
  await rig.formation.stop(rig.app, { type: guest.type });
  expect(stops).toBe(2);
  hide();
  await expect(rig.formation.stop(rig.app, { name: guest.name })).rejects.toMatchObject({ id: 'not_found' });
  expect(rig.dynos).toEqual(['web.1 up v1']);
});

it('starts nothing any more once everything is being stopped', async () => {
  await using rig = await FormationRig.start();
  await rig.deploy();
  const stopping = rig.formation.stopAll();
  const late = await rig.release({ web: 'serve' });
  expect(await rig.rollOut(late)).toEqual({ status: 'superseded' });
  await rig.scale('web', 3);
  await stopping;
  expect(rig.runtime.running).toEqual([]);
  expect((await rig.store.releases.findById(late.id))?.status).toBe('pending');
});
