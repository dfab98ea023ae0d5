import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '../errors/platform-error.ts';
import type { AttachedProcess, DynoRuntime, DynoView, TerminalSize } from '../model/dyno.ts';
import type { Attachment } from './attachments.ts';
import type { OneOffLimits } from './one-off-dyno.ts';

export interface InsideOrder {
  readonly command: string;
  /** Of the dyno, and what the client adds. */
  readonly env: Readonly<Record<string, string>>;
  readonly terminal: TerminalSize | null;
  readonly wantsStatus: boolean;
}

/** A command that is to run inside of a dyno that runs already, and ends with it. */
export class InsideCommand implements Attachment {
  readonly wantsStatus: boolean;
  readonly terminal: TerminalSize | null;
  readonly #dyno: DynoView;
  readonly #order: InsideOrder;
  readonly #runtime: Pick<DynoRuntime, 'enter'>;
  readonly #limits: OneOffLimits;
  #process: AttachedProcess | null = null;

  constructor(dyno: DynoView, order: InsideOrder, runtime: Pick<DynoRuntime, 'enter'>, limits: OneOffLimits) {
    this.wantsStatus = order.wantsStatus;
    this.terminal = order.terminal;
    this.#dyno = dyno;
    this.#order = order;
    this.#runtime = runtime;
    this.#limits = limits;
  }

  start(terminal: TerminalSize | null): Promise<AttachedProcess> {
    const { command, env } = this.#order;
    this.#process = this.#runtime.enter(this.#dyno.id, { command, env }, terminal);
    if (this.#process !== null) return Promise.resolve(this.#process);
    const message = `${this.#dyno.name} has ended meanwhile. See heroku ps, and try again.`;
    return Promise.reject(new PlatformError('unavailable', message));
  }

  /** SIGHUP, and SIGKILL to what is left after the grace. */
  hangUp(): void {
    const process = this.#process;
    if (process === null) return;
    const over = new AbortController();
    process.signal('SIGHUP');
    const stop = (): void => {
      over.abort();
    };
    process.exited.then(stop, stop);
    void delay(this.#limits.graceMs, null, { signal: over.signal, ref: false }).then(
      () => {
        process.kill();
      },
      () => undefined,
    );
  }
}
