import { expect, it } from '@jest/globals';
import { FormationRig, until } from '../../rig/formation-rig.ts';

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

it.each([1, 2, 3, 4])('comes to rest with one release, whenever the platform ends (seed %i)', async (seed) => {
  const random = numbers(seed);
  await using rig = await FormationRig.start({ limits: { stopGraceMs: 50, bootTimeoutMs: 2_000 } });
  await rig.deploy({ web: 'serve', worker: 'work' });
  const history: string[] = [];

  for (let round = 0; round < 8; round += 1) {
    rig.runtime.script = ({ type }) => (type === 'web' && random(5) === 0 ? { exit: 1 } : 'listen');
    const action = random(4);
    history.push(String(action));
    if (action === 0) void rig.rollOut(await rig.release({ web: 'serve', worker: 'work' })).catch(() => undefined);
    if (action === 1) void rig.scale('web', 1 + random(3)).catch(() => undefined);
    if (action === 2) void rig.scale('worker', random(3)).catch(() => undefined);
    if (action === 3) void rig.formation.restart(rig.app, { all: true }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, random(12)));
    const fail = async (): Promise<void> => {
      for (const release of await rig.store.releases.listPending()) {
        await rig.store.releases.setStatus(release.id, 'failed');
      }
    };
    await rig.formation.close();
    await fail();
    await rig.restartPlatform();
    // Whatever was routed before is routed again at once.
    const [first] = rig.router.history;
    expect(first).not.toBe('blank');
  }
  rig.runtime.script = () => 'listen';
  await rig.formation.restart(rig.app, { all: true }).catch(() => undefined);

  const current = await rig.store.releases.findCurrent(rig.app.id);
  const entries = await rig.store.formation.list(rig.app.id);
  const wanted = entries
    .flatMap(({ type, quantity }) =>
      Array.from({ length: quantity }, (_, n) => `${type}.${n + 1} v${current?.version ?? 0}`),
    )
    .sort();
  const running = (): readonly string[] =>
    rig.runtime.running.map(({ spec }) => `${spec.name} v${spec.releaseVersion}`).sort();
  await until(running, (now) => now.join() === wanted.join());
  const up = wanted.map((name) => `${name.split(' ')[0] ?? ''} up`);
  await until(
    () => rig.rows(),
    (rows) => rows.join() === up.join(),
  );
  const targets = await until(
    () => rig.router.last?.targets ?? [],
    (all) => all.length === wanted.filter((name) => name.startsWith('web')).length,
  );
  expect(targets.every((target) => target.releaseVersion === current?.version)).toBe(true);
});
