import { setTimeout as delay } from 'node:timers/promises';
import { stateMachines, type StateMachine } from '../../../src/model/state-machines.ts';
import type { StateRow, StateSource } from './state-source.ts';
import { nameOf, wayOf, type Step } from './steps.ts';

export type SeenStep = Step & { readonly id: string; readonly appId: string };

const pollMs = 2;
const failingMs = 10_000;

/** Watches the database of a platform, and tells of each step that anything takes in it. */
export class StateObserver implements AsyncDisposable {
  /** Called in the very moment in which a row was seen in its new state. */
  onStep: ((step: SeenStep) => void) | null = null;
  /** Steps that the state machines do not have. */
  readonly impossible: string[] = [];
  /** Why it sees nothing any more. */
  failure: unknown = null;
  readonly #source: StateSource;
  #failingSince: number | null = null;
  #rows = new Map<string, StateRow>();
  #isOver = false;
  readonly #watching: Promise<void>;

  private constructor(source: StateSource) {
    this.#source = source;
    this.#watching = this.#watch();
    this.#watching.catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** Things that are there already are taken as they are. Closes the source at its end. */
  static async open(source: StateSource): Promise<StateObserver> {
    const observer = new StateObserver(source);
    await observer.#first;
    return observer;
  }

  /** Those in one of these states, as of the last look. */
  inState(...states: readonly string[]): readonly StateRow[] {
    return [...this.#rows.values()].filter(({ state }) => states.includes(state));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#watching;
    await this.#source[Symbol.asyncDispose]();
  }

  #tellFirst: () => void = () => undefined;
  readonly #first = new Promise<void>((resolve) => {
    this.#tellFirst = resolve;
  });

  async #watch(): Promise<void> {
    let isFirst = true;
    await Promise.resolve();
    while (!this.#isOver) {
      const rows = await this.#look();
      if (rows !== null) {
        const now = new Map(rows.map((row) => [`${row.thing} ${row.id}`, row]));
        const before = this.#rows;
        this.#rows = now;
        if (isFirst) this.#tellFirst();
        else this.#compare(before, now);
        isFirst = false;
      }
      await delay(pollMs);
    }
  }

  /** A look may fail while the database is cut off, locked or started again; it must not do so for long. */
  async #look(): Promise<readonly StateRow[] | null> {
    try {
      const rows = await this.#source.read();
      this.#failingSince = null;
      return rows;
    } catch (error) {
      this.#failingSince ??= performance.now();
      if (performance.now() - this.#failingSince > failingMs) this.failure ??= error;
      return null;
    }
  }

  #compare(before: ReadonlyMap<string, StateRow>, now: ReadonlyMap<string, StateRow>): void {
    for (const [key, row] of now) {
      const from = before.get(key)?.state ?? 'new';
      if (from !== row.state) this.#tell(row, from, row.state);
    }
    for (const [key, row] of before) {
      if (!now.has(key) && now.has(`app ${row.app_id}`)) this.#tell(row, row.state, 'gone');
    }
  }

  #tell({ thing, id, app_id: appId }: StateRow, from: string, to: string): void {
    if (thing === 'app') return;
    const machine: StateMachine = stateMachines[thing];
    // It went with what it belonged to, which is no step of its own.
    if (to === 'gone' && !machine.ends.includes(from)) return;
    const way = wayOf({ thing, from, to });
    if (way === null) this.impossible.push(nameOf({ thing, from, to }));
    // Only in the last of the states in between is the row now.
    const last = way?.at(-1);
    if (last !== undefined) this.onStep?.({ ...last, id, appId });
  }
}
