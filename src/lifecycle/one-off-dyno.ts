import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '../errors/platform-error.ts';
import { deferred } from '../lib/deferred.ts';
import { exitLines } from '../lib/exit-text.ts';
import { nowMicros } from '../lib/micros.ts';
import type { Formation } from '../formation/index.ts';
import type { Logs } from '../log.ts';
import type { AppLogWriter } from '../model/log.ts';
import type { AttachedProcess, DynoRuntime, DynoSpec, DynoUsage, DynoView, Exit, TerminalSize } from '../model/dyno.ts';
import type { Attachment } from './attachments.ts';

/** Of one-off dynos, in milliseconds. Source: dyno-runtime.md section 8. */
export interface OneOffLimits {
  /** For a client to attach (R13). */
  readonly attachMs: number;
  /** Between two SIGHUPs to a dyno whose client has gone. */
  readonly hangUpEveryMs: number;
  /** From the first SIGHUP, or from SIGTERM, to SIGKILL. */
  readonly graceMs: number;
}

/** The parts of the platform that one-off dynos need. */
export interface OneOffTools {
  readonly runtime: Pick<DynoRuntime, 'start' | 'startAttached'>;
  readonly logplex: AppLogWriter;
  readonly formation: Pick<Formation, 'showGuest' | 'meterGuest'>;
  readonly logs: Pick<Logs, 'dyno'>;
}

/** What a one-off dyno runs as, whether somebody talks to it or not. */
interface Handle {
  readonly exited: Promise<Exit | null>;
  usage(): Promise<DynoUsage | null>;
  terminate(): void;
  kill(): void;
}

const r13 = 'Error R13 (Attach error) -> Failed to attach to process';
const r16 =
  'Error R16 (Detached) -> An attached process is not responding to SIGHUP after its external connection was closed.';

/** Two orders at once are one that came by two ways. */
const sameOrderMs = 300;

/**
 * One run of one command in a dyno of its own. It is never restarted and holds no row: it ends with the platform process.
 *
 *     starting ──(a client attaches, or nobody has to)──► up ──► complete, crashed
 *        └──(nobody attaches: R13)──► crashed
 */
export class OneOffDyno implements Attachment {
  readonly spec: DynoSpec;
  readonly wantsStatus: boolean;
  readonly terminal: TerminalSize | null;
  readonly createdAt = new Date();
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>;
  readonly #tools: OneOffTools;
  readonly #limits: OneOffLimits;
  readonly #ended = deferred();
  #state: 'starting' | 'up' = 'starting';
  #updatedAt = this.createdAt;
  #handle: Handle | null = null;
  #attached: AttachedProcess | null = null;
  #isOver = false;
  #isStopping = false;
  #isLaunching = false;
  #whenLaunched: () => void = () => undefined;
  #stopWaiting: () => void = () => undefined;
  #stoppingSinceMs = 0;
  #hide: () => void;

  constructor(
    spec: DynoSpec,
    attach: { readonly wantsStatus: boolean; readonly terminal: TerminalSize | null },
    tools: OneOffTools,
    limits: OneOffLimits,
  ) {
    this.spec = spec;
    this.wantsStatus = attach.wantsStatus;
    this.terminal = attach.terminal;
    this.#tools = tools;
    this.#limits = limits;
    this.ended = this.#ended.promise;
    this.#hide = tools.formation.showGuest(this.view, () => void this.stop());
  }

  get view(): DynoView {
    const { id, appId, name, type, command, size, releaseId, releaseVersion } = this.spec;
    const at = { createdAt: this.createdAt, updatedAt: this.#updatedAt };
    return { id, appId, name, type, command, size, state: this.#state, releaseId, releaseVersion, ...at };
  }

  /** Waits for a client. `onExpired` is called when none has come in time. */
  awaitClient(onExpired: () => void): void {
    this.#say('Awaiting client');
    const timer = setTimeout(() => {
      onExpired();
      this.#say(r13);
      this.#finish('crashed', null);
    }, this.#limits.attachMs);
    this.#stopWaiting = () => {
      clearTimeout(timer);
    };
  }

  /** The client is there. */
  async start(terminal: TerminalSize | null): Promise<AttachedProcess> {
    this.#stopWaiting();
    if (this.#isOver) throw new PlatformError('not_found', `${this.spec.name} has ended. Run the command again.`);
    const process = await this.#launch(() => this.#tools.runtime.startAttached(this.spec, terminal));
    this.#attached = process;
    this.#follow({
      exited: process.exited,
      usage: () => process.usage(),
      terminate: () => {
        process.signal('SIGTERM');
      },
      kill: () => {
        process.kill();
      },
    });
    return process;
  }

  /** Nobody attaches: the output goes to the app's log. */
  async startDetached(): Promise<void> {
    const dyno = await this.#launch(() => this.#tools.runtime.start(this.spec));
    this.#follow({
      exited: dyno.exited.then(async (exit) => {
        // The spool goes only when its lines are safe in the log.
        await this.#tools.logplex.flush();
        await dyno.remove();
        return exit;
      }),
      usage: () => dyno.usage(),
      terminate: () => void dyno.terminate(),
      kill: () => void dyno.kill(),
    });
  }

  hangUp(): void {
    if (this.#isOver || this.#isStopping) return;
    this.#say('Client connection closed. Sending SIGHUP to all processes');
    void this.stop('SIGHUP');
  }

  /** SIGTERM, then SIGKILL; SIGHUP is repeated in between. The second order kills at once. Resolves when nothing is left. */
  stop(signal: 'SIGTERM' | 'SIGHUP' = 'SIGTERM', graceMs = this.#limits.graceMs): Promise<void> {
    if (this.#isOver) return this.ended;
    if (this.#isStopping) {
      const isUrgent = signal === 'SIGTERM' && performance.now() > this.#stoppingSinceMs + sameOrderMs;
      if (isUrgent) this.#handle?.kill();
      return this.ended;
    }
    this.#isStopping = true;
    this.#stoppingSinceMs = performance.now();
    if (this.#handle !== null) void this.#end(signal, graceMs);
    // While it is being started, the order waits until there is something to stop.
    else if (this.#isLaunching) this.#whenLaunched = () => void this.#end(signal, graceMs);
    else this.#finish('complete', null);
    return this.ended;
  }

  // Private

  async #launch<T>(start: () => Promise<T>): Promise<T> {
    this.#isLaunching = true;
    this.#say(`Starting process with command \`${this.spec.command}\``);
    try {
      const started = await start();
      this.#become('up');
      this.#say('State changed from starting to up');
      return started;
    } catch (error) {
      this.#tools.logs.dyno.error({ err: error, dyno: this.spec.name }, 'one-off dyno could not be started');
      this.#say('Error R99 (Platform error) -> Failed to start the dyno');
      this.#finish('crashed', null);
      throw new PlatformError('unavailable', `${this.spec.name} could not be started. Try again.`, { cause: error });
    } finally {
      this.#isLaunching = false;
    }
  }

  #follow(handle: Handle): void {
    this.#handle = handle;
    this.#tools.formation.meterGuest({ spec: this.spec, usage: () => handle.usage() }, this.ended);
    this.#whenLaunched();
    handle.exited.then(
      (exit) => {
        this.#finish(exit?.status === 0 || this.#isStopping ? 'complete' : 'crashed', exit);
      },
      (error: unknown) => {
        this.#tools.logs.dyno.error({ err: error, dyno: this.spec.name }, 'the end of a one-off dyno was not seen');
        this.#finish('crashed', null);
      },
    );
  }

  async #end(signal: 'SIGTERM' | 'SIGHUP', graceMs: number): Promise<void> {
    if (signal === 'SIGTERM') this.#say('Stopping all processes with SIGTERM');
    const killAt = Date.now() + graceMs;
    const over = new AbortController();
    void this.ended.then(() => {
      over.abort();
    });
    for (let leftMs = graceMs; leftMs > 0 && !this.#isOver; leftMs = killAt - Date.now()) {
      if (signal === 'SIGTERM') this.#handle?.terminate();
      else this.#attached?.signal('SIGHUP');
      const pauseMs = signal === 'SIGTERM' ? leftMs : Math.min(leftMs, this.#limits.hangUpEveryMs);
      await delay(pauseMs, null, { signal: over.signal }).catch(() => undefined);
    }
    if (this.#isOver) return;
    const seconds = Math.round(graceMs / 1000);
    const r12 = `Error R12 (Exit timeout) -> At least one process failed to exit within ${seconds} seconds of SIGTERM`;
    this.#say(signal === 'SIGTERM' ? r12 : r16, 'Stopping remaining processes with SIGKILL');
    this.#handle?.kill();
  }

  /** The order of the two lines of a success is Heroku's. */
  #finish(end: 'complete' | 'crashed', exit: Exit | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting();
    const change = `State changed from ${this.#state} to ${end}`;
    const status = exit === null ? [] : exitLines(exit);
    this.#say(...(end === 'complete' ? [change, ...status] : [...status, change]));
    this.#hide();
    this.#ended.resolve();
  }

  #become(state: 'up'): void {
    this.#state = state;
    this.#updatedAt = new Date();
    this.#hide();
    this.#hide = this.#tools.formation.showGuest(this.view, () => void this.stop());
  }

  #say(...messages: string[]): void {
    this.#tools.logplex.append(
      this.spec.appId,
      messages.map((message) => ({ atMicros: nowMicros(), source: 'heroku', process: this.spec.name, message })),
    );
  }
}
