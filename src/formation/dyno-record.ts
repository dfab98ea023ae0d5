import { randomUUID } from 'node:crypto';
import type { App } from '../model/app.ts';
import type { DynoState, Exit } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';
import type { DynoRow } from '../store/index.ts';
import { backOff } from './back-off.ts';
import type { StopOrder } from './dyno-orders.ts';
import type { DynoPlan } from './dyno-plan.ts';
import { dynoRow, stateOfRow } from './dyno-row.ts';
import type { DynoTools } from './dyno-tools.ts';

/** What a dyno begins with: nothing but a count of crashes, or all that its row tells. */
export interface DynoPast {
  readonly crashes: number;
  readonly row?: DynoRow;
}

/**
 * What is known of one start of one dyno, and its row in the store. Writes of the row go out in order, each with what was
 * known when it was asked for; a row that is forgotten is not written again.
 */
export class DynoRecord {
  readonly id: DynoId;
  readonly createdAt: Date;
  /** What an order to stop, if there is one, leaves of it. */
  then: StopOrder['then'] = 'remove';
  /** In a row, for the back-off. */
  crashes: number;
  readonly #tools: DynoTools;
  readonly #app: Pick<App, 'id'>;
  readonly #plan: DynoPlan;
  readonly #onChange: () => void;
  #state: DynoState;
  #updatedAt: Date;
  #port: number | null = null;
  #saving: Promise<void> = Promise.resolve();
  #isForgotten = false;

  /** `onChange`: called after every change of the state. */
  constructor(
    tools: DynoTools,
    app: Pick<App, 'id'>,
    plan: DynoPlan,
    { crashes, row }: DynoPast,
    onChange: () => void,
  ) {
    this.#tools = tools;
    this.#app = app;
    this.#plan = plan;
    this.#onChange = onChange;
    this.crashes = crashes;
    this.id = row?.id ?? (randomUUID() as DynoId);
    this.createdAt = row?.createdAt ?? tools.now();
    this.#updatedAt = row?.updatedAt ?? this.createdAt;
    this.#state = row === undefined ? { is: 'starting', bootDeadline: null } : stateOfRow(row);
    if (row?.port != null && hasProcess(this.#state)) this.holdPort(row.port);
  }

  get state(): DynoState {
    return this.#state;
  }

  /** When it came into its present state. */
  get updatedAt(): Date {
    return this.#updatedAt;
  }

  /** Null for dynos that are not `web`, and before one is given to it. */
  get port(): number | null {
    return this.#port;
  }

  /** Settles with the latest write. */
  get saved(): Promise<void> {
    return this.#saving;
  }

  /** Nobody else gets this port until it is freed. */
  holdPort(port: number): void {
    this.#port = port;
    this.#tools.ports.keep(port);
  }

  freePort(): void {
    if (this.#port !== null) this.#tools.ports.free(this.#port);
  }

  become(state: DynoState): void {
    this.#state = state;
    this.#updatedAt = this.#tools.now();
    this.#tools.track(this.save());
    this.#onChange();
  }

  /** `startedAt`: of its process, or of itself if it never had one. */
  crash(exit: Exit | null, startedAt: Date): void {
    const at = exit?.at ?? this.#tools.now();
    const uptimeMs = at.getTime() - startedAt.getTime();
    const { crashes, delayMs } = backOff(this.crashes, uptimeMs, this.#tools.limits.crash);
    this.crashes = crashes;
    this.become({ is: 'crashed', exit, restartAt: new Date(at.getTime() + delayMs) });
  }

  /** An order to stop a dyno without a process: only the row is left to be settled. */
  async settle(): Promise<void> {
    if (this.then === 'remove') {
      await this.forget();
    } else if (this.#state.is === 'crashed') {
      this.become({ is: 'down', exit: this.#state.exit });
      await this.#saving;
    }
  }

  /** One that a user stopped is to be removed now. Written at once: a platform that finds it must not keep its place. */
  leaveNothing(): Promise<void> {
    this.then = 'remove';
    return this.save();
  }

  /** `starting` still, and now it is known until when. Nothing that outlives the platform: whoever finds the dyno counts anew from its start. */
  expectBoot(bootDeadline: Date): void {
    this.#state = { is: 'starting', bootDeadline };
  }

  save(): Promise<void> {
    const { id, state, then, port, crashes, createdAt, updatedAt } = this;
    const row = dynoRow(this.#app.id, this.#plan, { id, state, then, port, crashes, createdAt, updatedAt });
    this.#saving = this.#saving
      .catch(() => undefined)
      .then(async () => {
        if (!this.#isForgotten && !this.#tools.lifetime.aborted) await this.#tools.store.dynos.save(row);
      });
    return this.#saving;
  }

  async forget(): Promise<void> {
    this.#isForgotten = true;
    // A write that failed has been reported; the row may be gone with its app.
    await this.#saving.catch(() => undefined);
    if (!this.#tools.lifetime.aborted) await this.#tools.store.dynos.remove(this.id);
  }
}

function hasProcess(state: DynoState): boolean {
  return state.is !== 'crashed' && state.is !== 'down';
}
