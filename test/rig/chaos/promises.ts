import { eventually, type RigApp } from '../platform-rig.ts';
import { expectNoRemains } from '../remains.ts';
import { answerOf } from '../versioned-app.ts';
import type { Stage } from './stage.ts';
import type { StateObserver } from './state-observer.ts';

/** Nothing is half done: no build, release, setup or promotion is pending. */
export async function nothingPends(observer: StateObserver, withinMs: number): Promise<void> {
  const pending = (): readonly string[] =>
    observer
      .inState('pending')
      .filter(({ thing }) => thing !== 'webhookDelivery' && thing !== 'appTransfer')
      .map(({ thing, id }) => `${thing} ${id}`);
  await eventually('an end of all that was pending', () => Promise.resolve(pending().length === 0), withinMs).catch(
    (error: unknown) => {
      throw new Error(`still pending: ${pending().join(', ')}`, { cause: error });
    },
  );
}

/** One release is current, all dynos are of it, and as many as are wanted. */
export async function isWhole(stage: Stage, app: RigApp): Promise<void> {
  let told = '';
  const check = async (): Promise<boolean> => {
    const current = (await app.releases()).filter((release) => release.current);
    const dynos = await app.dynos();
    const formation = (await stage.rig.api('GET', `/apps/${app.name}/formation`)).json as { quantity: number }[];
    told = JSON.stringify({ current, dynos, formation });
    const wanted = formation.reduce((sum, { quantity }) => sum + quantity, 0);
    return (
      current.length === 1 &&
      dynos.length === wanted &&
      dynos.every(({ state, release }) => state !== 'starting' && release.version === current[0]?.version) &&
      dynos.some(({ type, state }) => type === 'web' && state === 'up')
    );
  };
  await eventually(`${app.name} to be whole`, check).catch((error: unknown) => {
    throw new Error(`${app.name} is not whole: ${told}`, { cause: error });
  });
}

/** The next push works at once, without anybody cleaning up; afterwards all is as it was before the story. */
export async function nextPushWorks(stage: Stage): Promise<void> {
  const { actor, slow } = stage;
  const version = await stage.commit();
  const { exitCode, output } = await actor.push();
  if (exitCode !== 0) throw new Error(`the next push was refused: ${output}`);
  const answer = await answerOf(actor);
  if (answer.version !== version) throw new Error(`version ${answer.version} answers, not ${version}`);
  await stage.api('PATCH', `/apps/${actor.name}/formation`, {
    updates: ['worker', 'broken'].map((type) => ({ type, quantity: 0 })),
  });
  await stage.scale(slow, 'web', 1);
  await isWhole(stage, actor);
  await isWhole(stage, slow);
  await expectNoRemains(stage.rig, 'sleep 493', 'sleep 494');
}

/** Reads the numbers that an app prints out of its log, and sees that none is missing or doubled since the last time. */
export class Numbers {
  readonly #app: RigApp;
  #last = 0;
  #isNew = false;

  constructor(app: RigApp) {
    this.#app = app;
  }

  /** How many there have been. */
  get count(): number {
    return this.#last;
  }

  /** What the app prints from now on is what counts. */
  startAnew(): void {
    this.#last = 0;
    this.#isNew = true;
  }

  async check(): Promise<void> {
    const lines = await this.#app.logs({ source: 'app', dyno: 'web.1' });
    const numbers = lines.flatMap((line) => /: tick (\d+)$/.exec(line)?.[1] ?? []).map(Number);
    const [first = Infinity, last = 0] = [numbers[0], numbers.at(-1)];
    const odd = numbers.find((number, index) => number !== first + index);
    if (odd !== undefined)
      throw new Error(`line ${odd} of the bystander is not where it belongs: ${numbers.join(' ')}`);
    if (!this.#isNew && first > this.#last + 1)
      throw new Error(`lines ${this.#last + 1} to ${first - 1} of the bystander are missing`);
    if (last <= this.#last) throw new Error(`there is no line of the bystander after ${this.#last}`);
    this.#last = last;
    this.#isNew = false;
  }
}
