import { setTimeout as delay } from 'node:timers/promises';
import { Load, type LoadReport } from '../load.ts';
import { answerOf } from '../versioned-app.ts';
import type { Blow, Target, Targets } from './blows.ts';
import { isWhole, nextPushWorks, nothingPends, Numbers } from './promises.ts';
import { seededRandom } from './random.ts';
import { StoryOver, type Stage } from './stage.ts';
import { StateObserver, type SeenStep } from './state-observer.ts';
import type { StateSource } from './state-source.ts';
import { nameOf } from './steps.ts';
import type { Story } from './stories.ts';

export interface Kill {
  readonly step: string;
  readonly target: Target;
  readonly story: string;
  /** What it took until it worked again: the next start, the next answer, the next dyno, the end of the push. */
  readonly recoveredMs: number;
  readonly requests: number;
  /** Only of a router that was killed: what it was in the middle of. */
  readonly failedRequests: number;
}

export interface ChaosOptions {
  readonly seed: number;
  readonly targets: Targets;
  readonly stories: Readonly<Record<string, Story>>;
  /** From the start of the platform until nothing is half done any more. */
  readonly startWithinMs: number;
}

interface Loads {
  readonly bystander: Load;
  readonly actor: Load;
}

const lateByMs = 25;
/** What a story sets going may go on after its end for so long. */
const afterwardsMs = 1_500;

/** Plays stories on a stage, and kills one thing in each at one step. */
export class Chaos implements AsyncDisposable {
  readonly stage: Stage;
  readonly observer: StateObserver;
  readonly kills: Kill[] = [];
  readonly #options: ChaosOptions;
  readonly #random: () => number;
  readonly #numbers: Numbers;
  #bystanderSince: number;

  private constructor(stage: Stage, observer: StateObserver, options: ChaosOptions, bystanderSince: number) {
    this.stage = stage;
    this.observer = observer;
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#numbers = new Numbers(stage.bystander);
    this.#bystanderSince = bystanderSince;
  }

  static async open(stage: Stage, source: StateSource, options: ChaosOptions): Promise<Chaos> {
    const { started } = await answerOf(stage.bystander);
    return new Chaos(stage, await StateObserver.open(source), options, started);
  }

  get numbers(): number {
    return this.#numbers.count;
  }

  /** Plays every story to its end. Tells for each step which stories lead through it. */
  async learn(): Promise<ReadonlyMap<string, readonly string[]>> {
    const waysTo = new Map<string, string[]>();
    for (const [name, story] of Object.entries(this.#options.stories)) {
      const seen = new Set<string>();
      this.observer.onStep = (step) => seen.add(nameOf(step));
      this.stage.isOver = false;
      await story(this.stage).catch((error: unknown) => {
        throw new Error(`${name}, without any kill`, { cause: error });
      });
      await nothingPends(this.observer, 20_000);
      await delay(afterwardsMs);
      this.observer.onStep = null;
      await nextPushWorks(this.stage);
      await this.#numbers.check();
      for (const step of seen) waysTo.set(step, [...(waysTo.get(step) ?? []), name]);
    }
    return waysTo;
  }

  /** One kill at this step, and all that must hold after it. False: the story did not come there this time. */
  async kill(step: string, target: Target, storyName: string): Promise<boolean> {
    const { stage } = this;
    const [prepare, story] = [this.#options.targets[target], this.#options.stories[storyName]];
    if (prepare === undefined || story === undefined) throw new Error(`there is no ${target} or no ${storyName}`);
    if (this.observer.failure !== null) throw new Error('the observer is blind', { cause: this.observer.failure });
    const platformPid = stage.rig.pid;
    await using bystander = new Load(stage.bystander, { pauseMs: 120 });
    await using actor = new Load(stage.actor, { pauseMs: 120 });
    const blow = await prepare(stage, this.#random);
    const { isStruck, recoveredMs } = await this.#play(step, blow, story);
    const { startWithinMs } = this.#options;
    if (target === 'platform' && recoveredMs > startWithinMs) throw new Error(`the start took ${recoveredMs} ms`);
    await nothingPends(this.observer, target === 'platform' ? startWithinMs - recoveredMs : 10_000);
    await isWhole(stage, stage.actor);
    await nextPushWorks(stage);
    const failed = await this.#judge({ bystander, actor }, target, blow);
    await this.#numbers.check();
    if (target !== 'platform' && stage.rig.pid !== platformPid) throw new Error('the platform is another process');
    if (isStruck) this.kills.push({ step, target, story: storyName, recoveredMs, ...failed });
    return isStruck;
  }

  /** After a promise was broken: back to where the next kill can be tried. */
  async mend(): Promise<void> {
    const { stage } = this;
    this.observer.onStep = null;
    stage.isOver = false;
    await stage.rig.killServer();
    await stage.rig.startServer();
    await nothingPends(this.observer, 20_000).catch(() => undefined);
    await nextPushWorks(stage).catch(() => undefined);
    const { started } = await answerOf(stage.bystander);
    this.#bystanderSince = started;
    this.#numbers.startAnew();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.observer[Symbol.asyncDispose]();
  }

  async #play(wanted: string, blow: Blow, story: Story): Promise<{ isStruck: boolean; recoveredMs: number }> {
    const { stage } = this;
    // Half of them a little later: in the middle of what follows the step.
    const waitMs = this.#random() < 0.5 ? 0 : this.#random() * lateByMs;
    const recoveries: Promise<number>[] = [];
    const strike = (step: SeenStep): void => {
      blow.strike(step);
      stage.isOver = blow.harmsStory();
      const recovery = blow.recover();
      recovery.catch(() => undefined); // awaited once the story has ended
      recoveries.push(recovery);
    };
    const struck = new Promise<void>((resolve) => {
      this.observer.onStep = (step) => {
        if (nameOf(step) !== wanted) return;
        this.observer.onStep = null;
        if (waitMs === 0) strike(step);
        void delay(waitMs).then(() => {
          if (waitMs > 0) strike(step);
          resolve();
        });
      };
    });
    stage.isOver = false;
    let failure: unknown = null;
    await story(stage).catch((error: unknown) => {
      failure = error;
    });
    const isStruck =
      this.observer.onStep === null || (await Promise.race([struck.then(() => true), delay(afterwardsMs, false)]));
    this.observer.onStep = null;
    if (isStruck) await struck;
    const recoveredMs = isStruck ? await (recoveries[0] ?? Promise.resolve(0)) : await this.#strikeInVain(blow);
    stage.isOver = false;
    const mayFail = isStruck && blow.harmsStory();
    if (failure !== null && !(failure instanceof StoryOver) && !mayFail) {
      throw new Error('the story should have gone on', { cause: failure });
    }
    return { isStruck, recoveredMs };
  }

  /** What was prepared has to be ended all the same. */
  async #strikeInVain(blow: Blow): Promise<number> {
    blow.strike({ thing: 'build', from: '', to: '', id: '', appId: '' });
    return blow.recover();
  }

  async #judge(
    loads: Loads,
    target: Target,
    blow: Blow,
  ): Promise<{ readonly requests: number; readonly failedRequests: number }> {
    const reports = { bystander: await loads.bystander.stop(), actor: await loads.actor.stop() };
    for (const [name, { stale }] of Object.entries(reports)) {
      if (stale.length > 0) throw new Error(`${name} answered with the past: ${stale.slice(0, 5).join('; ')}`);
    }
    const judged: readonly LoadReport[] = blow.harmsActor() ? [reports.bystander] : Object.values(reports);
    const failures = judged.flatMap((report) => report.failures);
    if (failures.length > 0 && target !== 'router') {
      throw new Error(`${failures.length} requests failed: ${failures.slice(0, 5).join('; ')}`);
    }
    const { started } = await answerOf(this.stage.bystander);
    if (started !== this.#bystanderSince) throw new Error('the bystander is another process');
    const requests = judged.reduce((sum, report) => sum + report.requests, 0);
    return { requests, failedRequests: failures.length };
  }
}
