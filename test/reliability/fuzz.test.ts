import { expect, it } from '@jest/globals';
import { fuzzEverything } from '../rig/fuzz/fuzz-everything.ts';

const firstSeed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
const seeds = Number(process.env['FUZZ_SEEDS'] ?? 10);
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 500);

/** A failure names its seed: FUZZ_SEED=<seed> FUZZ_SEEDS=1 makes it again. */
it.each(Array.from({ length: seeds }, (_, n) => firstSeed + n))(
  'stays well whatever bytes are sent to it, seed %d',
  async (seed) => {
    expect(await fuzzEverything(seed, rounds)).toEqual({});
  },
  30 * 60_000,
);
