import type { Target } from './blows.ts';
import type { Chaos } from './chaos.ts';
import { seededRandom } from './random.ts';
import { allSteps, nameOf } from './steps.ts';

export interface PlayOptions {
  readonly targets: readonly Target[];
  readonly seed: number;
  /** Which cells, by `<step> by <target>`. */
  readonly only: RegExp;
  /** No further kills after so many minutes. */
  readonly maxMinutes: number;
  /** For somebody who waits: jest shows nothing of a long run before its end. */
  readonly note: (text: string) => Promise<void>;
}

export interface Played {
  /** Steps that no story leads through. */
  readonly unknown: readonly string[];
  /** Steps at which a target was not killed, though it should have been. */
  readonly missed: readonly string[];
  /** Promises that did not hold. */
  readonly failures: readonly string[];
  readonly minutes: number;
}

/** A step that a story passed by too quickly is tried so often. */
const maxTries = 4;

/** Every step of every state machine, with every target. */
export async function playAll(chaos: Chaos, { targets, seed, only, maxMinutes, note }: PlayOptions): Promise<Played> {
  const startedAt = performance.now();
  const minutes = (): number => (performance.now() - startedAt) / 60_000;
  const ways = await chaos.learn();
  await note('every story has been played once\n');
  const steps = allSteps().map(nameOf);
  const random = seededRandom(seed);
  // In no order of ours: what one kill leaves is what the next one finds.
  const cells = steps
    .flatMap((step) => targets.map((target) => ({ step, target, name: `${step} by ${target}`, place: random() })))
    .filter(({ name }) => only.test(name))
    .sort((a, b) => a.place - b.place);
  const failures: string[] = [];
  for (const [index, { step, target, name }] of cells.entries()) {
    if (minutes() > maxMinutes) break;
    try {
      await tryKill(chaos, step, target, ways.get(step) ?? [], index);
    } catch (error) {
      failures.push(`${name}: ${explain(error)}`);
      await note(`FAILED ${failures.at(-1) ?? ''}\n${chaos.stage.rig.platformLog.slice(-4_000)}\n`);
      await chaos.mend();
    }
    await note(
      `${index + 1}/${cells.length} at ${minutes().toFixed(1)} ${name}: ${JSON.stringify(chaos.kills.at(-1))}\n`,
    );
  }
  const reached = new Set(chaos.kills.map((kill) => `${kill.step} by ${kill.target}`));
  const missed = cells.map(({ name }) => name).filter((name) => !reached.has(name));
  return { unknown: steps.filter((step) => !ways.has(step)), missed, failures, minutes: minutes() };
}

async function tryKill(
  chaos: Chaos,
  step: string,
  target: Target,
  known: readonly string[],
  first: number,
): Promise<void> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const story = known[(first + tries) % known.length];
    if (story === undefined || (await chaos.kill(step, target, story))) return;
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} <- ${explain(error.cause)}`;
}
