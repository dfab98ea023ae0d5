/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itOnPostgres'] }] */
import { appendFile } from 'node:fs/promises';
import { afterAll, expect, it } from '@jest/globals';
import { postgresTargets, sqliteTargets, type Target, type Targets } from '../rig/chaos/blows.ts';
import { Chaos, type Kill } from '../rig/chaos/chaos.ts';
import { coverageTable, recoveryTable } from '../rig/chaos/coverage.ts';
import { playAll } from '../rig/chaos/play-all.ts';
import { Stage } from '../rig/chaos/stage.ts';
import { postgresStates, sqliteStates } from '../rig/chaos/state-source.ts';
import { stories } from '../rig/chaos/stories.ts';
import { missingPostgres, startPostgres } from '../rig/postgres.ts';
import { writeDocSection } from '../rig/write-doc-section.ts';

const env = (name: string): string | undefined => process.env[`HOKKU_CHAOS_${name}`];
const seed = Number(env('SEED') ?? Date.now() % 100_000);
const only = env('ONLY');
/** For each database. */
const maxMinutes = Number(env('MINUTES') ?? 60);
const timeoutMs = (maxMinutes + 15) * 60_000;

const kills: Kill[] = [];
const databases: string[] = [];
let [minutes, numbers] = [0, 0];

async function play(chaos: Chaos, database: string, targets: Targets): Promise<object> {
  process.stderr.write(`chaos on ${database} with HOKKU_CHAOS_SEED=${seed}\n`);
  const note = async (text: string): Promise<void> => {
    const file = env('NOTES');
    if (file !== undefined) await appendFile(file, text);
  };
  const names = Object.keys(targets) as Target[];
  const played = await playAll(chaos, { targets: names, seed, only: new RegExp(only ?? ''), maxMinutes, note });
  kills.push(...chaos.kills);
  databases.push(database);
  minutes += played.minutes;
  numbers += chaos.numbers;
  return { ...played, impossible: chaos.observer.impossible };
}

const allHolds = { unknown: [], missed: [], failures: [], impossible: [] };
const options = { seed, stories, startWithinMs: Number(env('START_MS') ?? 5_000) };

it(
  'holds its promises whatever is killed at whatever step',
  async () => {
    await using stage = await Stage.open();
    const source = sqliteStates(stage.rig.dataDir);
    await using chaos = await Chaos.open(stage, source, { ...options, targets: sqliteTargets });
    expect(await play(chaos, 'SQLite', sqliteTargets)).toMatchObject(allHolds);
  },
  timeoutMs,
);

const missing = missingPostgres();
if (missing !== null) process.stderr.write(`skipped: ${missing}\n`);

const itOnPostgres = missing === null ? it : it.skip;
itOnPostgres(
  'holds its promises at whatever step its database hangs up',
  async () => {
    await using server = await startPostgres();
    if (server === null) throw new Error('PostgreSQL did not start');
    await using stage = await Stage.open({ HOKKU_DATABASE_URL: server.url });
    const targets = postgresTargets(server.url);
    await using chaos = await Chaos.open(stage, await postgresStates(server.url), { ...options, targets });
    expect(await play(chaos, 'PostgreSQL', targets)).toMatchObject(allHolds);
  },
  timeoutMs,
);

/** Between the markers of docs/reliability.md; the words around them are a human's. Only a run of everything counts. */
afterAll(async () => {
  const all: Targets = { ...sqliteTargets, ...postgresTargets('') };
  const targets = (Object.keys(all) as Target[]).filter((target) => kills.some((kill) => kill.target === target));
  const tables = `${recoveryTable(kills, targets)}\n\n${coverageTable(kills, targets)}`;
  process.stderr.write(`${tables}\n`);
  if (only !== undefined) return;
  const facts =
    `${kills.length} kills in ${Math.round(minutes)} minutes on ${databases.join(' and ')}, with seed ${seed}, ` +
    `on ${new Date().toISOString().slice(0, 10)}. Lines that the untouched app printed meanwhile, all of which are in its ` +
    `log once: ${numbers}.`;
  await writeDocSection('reliability.md', 'chaos', `${facts}\n\n${tables}`);
});
