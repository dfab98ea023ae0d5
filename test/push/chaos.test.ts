import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sqliteTargets } from '../rig/chaos/blows.ts';
import { Chaos } from '../rig/chaos/chaos.ts';
import { Stage } from '../rig/chaos/stage.ts';
import { sqliteStates } from '../rig/chaos/state-source.ts';
import { stories } from '../rig/chaos/stories.ts';

const seed = Number(process.env['HOKKU_CHAOS_SEED'] ?? Date.now() % 100_000);
let chaos: Chaos;

beforeAll(async () => {
  process.stderr.write(`chaos with HOKKU_CHAOS_SEED=${seed}\n`);
  const stage = await Stage.open();
  const options = { seed, targets: sqliteTargets, stories, startWithinMs: 20_000 };
  chaos = await Chaos.open(stage, sqliteStates(stage.rig.dataDir), options);
}, 120_000);

afterAll(async () => {
  await chaos[Symbol.asyncDispose]();
  await chaos.stage[Symbol.asyncDispose]();
}, 60_000);

it.each([
  ['release new -> pending', 'platform'],
  ['release pending -> succeeded', 'build'],
] as const)('holds its promises when at %s the %s is killed', async (step, target) => {
  expect(await chaos.kill(step, target, 'a deploy')).toBe(true);
  expect(chaos.observer.impossible).toEqual([]);
});
