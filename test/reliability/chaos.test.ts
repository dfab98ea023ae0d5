import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { sqliteTargets, type Target } from '../rig/chaos/blows.ts';
import { Chaos } from '../rig/chaos/chaos.ts';
import { coverageTable, recoveryTable } from '../rig/chaos/coverage.ts';
import { Stage } from '../rig/chaos/stage.ts';
import { sqliteStates } from '../rig/chaos/state-source.ts';
import { allSteps, nameOf } from '../rig/chaos/steps.ts';
import { stories } from '../rig/chaos/stories.ts';
import { checkout } from '../rig/platform-rig.ts';

const env = (name: string): string | undefined => process.env[`HOKKU_CHAOS_${name}`];
const seed = Number(env('SEED') ?? Date.now() % 100_000);
/** Only steps and targets that match; default: all. */
const only = new RegExp(env('ONLY') ?? '');
/** No further kills after so many minutes; what is left then fails the suite. */
const maxMinutes = Number(env('MINUTES') ?? 90);
/** A step that was passed by is tried so often. */
const maxTries = 4;
const targets = Object.keys(sqliteTargets) as Target[];

let chaos: Chaos;

beforeAll(async () => {
  process.stderr.write(`chaos with HOKKU_CHAOS_SEED=${seed}\n`);
  const stage = await Stage.open();
  const options = { seed, targets: sqliteTargets, stories, startWithinMs: Number(env('START_MS') ?? 5_000) };
  chaos = await Chaos.open(stage, sqliteStates(stage.rig.dataDir), options);
}, 300_000);

afterAll(async () => {
  await chaos[Symbol.asyncDispose]();
  await chaos.stage[Symbol.asyncDispose]();
}, 120_000);

it(
  'holds its promises whatever is killed at whatever step',
  async () => {
    const startedAt = performance.now();
    const minutes = (): number => (performance.now() - startedAt) / 60_000;
    const ways = await chaos.learn();
    const steps = allSteps().map(nameOf);
    expect(steps.filter((step) => !ways.has(step))).toEqual([]);

    const cells = steps.flatMap((step) => targets.map((target) => ({ step, target })));
    const chosen = cells.filter(({ step, target }) => only.test(`${step} by ${target}`));
    const failures: string[] = [];
    for (const [index, { step, target }] of chosen.entries()) {
      if (minutes() > maxMinutes) break;
      const known = ways.get(step) ?? [];
      try {
        for (let tries = 0; tries < maxTries; tries += 1) {
          const story = known[(index + tries) % known.length] ?? '';
          if (await chaos.kill(step, target, story)) break;
        }
      } catch (error) {
        failures.push(`${step} by ${target}: ${explain(error)}`);
        await note(`FAILED ${failures.at(-1) ?? ''}\n${chaos.stage.rig.platformLog.slice(-3_000)}\n`);
        await chaos.mend();
      }
      await note(`${index + 1}/${chosen.length} ${step} by ${target}: ${JSON.stringify(chaos.kills.at(-1))}\n`);
    }

    const tables = `${recoveryTable(chaos.kills, targets)}\n\n${coverageTable(chaos.kills, targets)}`;
    process.stderr.write(`${tables}\n`);
    if (only.source === '(?:)') await writeReport(tables, minutes());
    expect(failures).toEqual([]);
    expect(chaos.observer.impossible).toEqual([]);
    const reached = new Set(chaos.kills.map((kill) => `${kill.step} by ${kill.target}`));
    expect(chosen.map(({ step, target }) => `${step} by ${target}`).filter((cell) => !reached.has(cell))).toEqual([]);
  },
  (maxMinutes + 15) * 60_000,
);

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} <- ${explain(error.cause)}`;
}

/** For somebody who waits: the run takes long, and jest shows nothing of it before its end. */
async function note(text: string): Promise<void> {
  const file = env('NOTES');
  if (file !== undefined) await appendFile(file, text);
}

/** Between the markers of docs/reliability.md; the words around them are a human's. */
async function writeReport(tables: string, minutes: number): Promise<void> {
  const path = join(checkout, 'docs', 'reliability.md');
  const text = await readFile(path, 'utf8');
  const facts = [
    `${chaos.kills.length} kills in ${Math.round(minutes)} minutes, on SQLite, seed ${seed}, on ${new Date().toISOString().slice(0, 10)}.`,
    `The bystander printed ${chaos.numbers} lines; none is missing, none is there twice.`,
  ].join(' ');
  const generated = `<!-- chaos:begin -->\n\n${facts}\n\n${tables}\n\n<!-- chaos:end -->`;
  await writeFileAtomic(
    path,
    text.replace(/<!-- chaos:begin -->[^]*<!-- chaos:end -->/, () => generated),
    0o644,
  );
}
