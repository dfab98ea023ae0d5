import type { App } from '../model/app.ts';
import type { DynoState, Exit, RunningDyno } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';
import type { RouteTarget } from '../model/route.ts';
import { deferred } from '../lib/deferred.ts';
import { exitLines } from '../lib/exit-text.ts';
import { expandPort, missedPort, r10 } from './dyno-lines.ts';
import type { BootResult, StopOrder } from './dyno-orders.ts';
import { isWeb, type DynoPlan } from './dyno-plan.ts';
import { meterDyno } from './meter-dyno.ts';
import { DynoRecord, type DynoPast } from './dyno-record.ts';
import { dynoSpec } from './dyno-spec.ts';
import type { DynoTools } from './dyno-tools.ts';
import { DynoVoice } from './dyno-voice.ts';
import { endProcess } from './end-process.ts';
import { orAborted } from './waiting.ts';
import { watchBoot } from './watch-boot.ts';

/**
 * One start of one dyno: its states, and what leads from one to the next. It owns the process, the record with
 * its row (DynoRecord) and the log lines (DynoVoice), and knows nothing of its siblings.
 *
 *     starting ──► up ──► stopping ──► (gone, or down)
 *        │          │         ▲
 *        ▼          ▼         └── from starting, too
 *      crashed ◄────┘             a crashed dyno is replaced by another Dyno, it never comes back itself
 */
export class Dyno {
  readonly plan: DynoPlan;
  /** Settles once: when it is up, or when it has ended without having been so. */
  readonly booted: Promise<BootResult>;

  readonly #tools: DynoTools;
  readonly #app: Pick<App, 'id' | 'uid'>;
  readonly #record: DynoRecord;
  readonly #voice: DynoVoice;
  readonly #booted = deferred<BootResult>();
  readonly #handle = deferred<RunningDyno | null>();
  readonly #ended = deferred();
  readonly #gone = deferred();
  /** A second, more urgent order to stop: cuts the draining and the grace short. */
  readonly #hurry = deferred<number>();
  #host: string | null = null;
  #hasEnded = false;
  #bootTimedOut = false;
  #missedPort: string | null = null;

  constructor(
    tools: DynoTools,
    app: Pick<App, 'id' | 'uid'>,
    plan: DynoPlan,
    onChange: (dyno: Dyno) => void,
    past: DynoPast,
  ) {
    this.#tools = tools;
    this.#app = app;
    this.#record = new DynoRecord(tools, app, plan, past, () => {
      onChange(this);
    });
    this.#voice = new DynoVoice(tools, app.id, plan.name);
    this.plan = plan;
    this.booted = this.#booted.promise;
  }

  get id(): DynoId {
    return this.#record.id;
  }

  get createdAt(): Date {
    return this.#record.createdAt;
  }

  get state(): DynoState {
    return this.#record.state;
  }

  get isUp(): boolean {
    return this.#record.state.is === 'up';
  }

  get crashes(): number {
    return this.#record.crashes;
  }

  /** True for one that a user stopped and that has not ended yet. */
  get isGoingDown(): boolean {
    return this.#record.state.is === 'stopping' && this.#record.then === 'down';
  }

  /** Resolves when its row is as it is now. */
  get saved(): Promise<void> {
    return this.#record.saved;
  }

  /** When it came into its present state. */
  get updatedAt(): Date {
    return this.#record.updatedAt;
  }

  /** Null for one that takes no requests. */
  get target(): RouteTarget | null {
    if (!this.isUp || this.#record.port === null || this.#host === null) return null;
    const { name, release } = this.plan;
    return { dynoId: this.id, name, host: this.#host, port: this.#record.port, releaseVersion: release.version };
  }

  /** Resolves when it runs (not yet: when it is up). A launch that fails is a crash, not an exception. */
  async begin(): Promise<void> {
    const tools = this.#tools;
    try {
      if (isWeb(this.plan)) this.#record.holdPort(await tools.ports.take());
      await this.#record.save();
      const configVars = await tools.readConfigVars(this.plan.release.id);
      if (this.#record.state.is !== 'starting' || tools.lifetime.aborted) {
        this.#handle.resolve(null);
        this.#end(null, null);
        return;
      }
      this.say(`Starting process with command \`${expandPort(this.plan.command, this.#record.port)}\``);
      const { id, plan } = this;
      this.#attach(
        await tools.runtime.start(dynoSpec({ id, app: this.#app, plan, port: this.#record.port, configVars })),
      );
    } catch (error) {
      if (tools.lifetime.aborted) return;
      tools.log.error({ err: error, app: this.#app.id, dyno: this.plan.name }, 'dyno could not be started');
      this.say('Error R99 (Platform error) -> Failed to start the dyno');
      this.#handle.resolve(null);
      this.#end(null, null);
    }
  }

  /** Takes over a process that an earlier platform process started. */
  resume(handle: RunningDyno): void {
    this.#attach(handle);
  }

  /** Notes that it ended while no platform was there to see it. Null: nobody knows how. */
  resumeEnded(exit: Exit | null, handle: RunningDyno | null): void {
    this.#handle.resolve(handle);
    this.#end(exit, handle);
  }

  /** Resolves when nothing of it is left, a `down` row excepted. Another order makes an earlier one only faster. */
  stop(order: StopOrder): Promise<void> {
    const state = this.#record.state.is;
    if (state === 'stopping') {
      if (order.then === 'remove' && this.#record.then === 'down') this.#tools.track(this.#record.leaveNothing());
      if (order.after === undefined) this.#hurry.resolve(order.graceMs);
      return this.#gone.promise;
    }
    this.#record.then = order.then;
    if (state === 'crashed' || state === 'down') return this.#record.settle();
    this.#becomeStopping(order.graceMs);
    this.#tools.track(this.#shutDown(order));
    return this.#gone.promise;
  }

  /** Says something in the app's log in the name of this dyno. */
  say(...lines: string[]): void {
    this.#voice.say(...lines);
  }

  // Private

  #attach(handle: RunningDyno): void {
    this.#host = handle.host;
    this.#handle.resolve(handle);
    handle.exited
      .then((exit) => {
        this.#end(exit, handle);
      })
      .catch((error: unknown) => {
        this.#tools.log.error({ err: error, app: this.#app.id, dyno: this.plan.name }, 'end of a dyno not seen');
        this.#end(null, handle);
      });
    this.#tools.track(meterDyno(this.#tools, this.#app.id, handle, this.#voice, this.#ended.promise));
    if (this.#record.state.is !== 'starting') return;
    if (isWeb(this.plan)) this.#tools.track(this.#boot(handle));
    else this.#becomeUp(handle);
  }

  async #boot(handle: RunningDyno): Promise<void> {
    const { limits, lifetime } = this.#tools;
    const deadline = new Date(handle.startedAt.getTime() + limits.bootTimeoutMs);
    this.#record.expectBoot(deadline);
    const outcome = await watchBoot(handle, {
      deadline,
      pollMs: limits.listenPollMs,
      lifetime,
      now: () => this.#tools.now(),
      isBooting: () => this.#record.state.is === 'starting' && !lifetime.aborted,
    });
    if (outcome === 'listening') this.#becomeUp(handle);
    if (outcome !== 'timed-out') return;
    this.#bootTimedOut = true;
    const { port } = handle.spec;
    if (port !== null) this.#missedPort = missedPort(await handle.listeningPlaces().catch(() => []), port);
    this.say(r10(limits.bootTimeoutMs), ...(this.#missedPort === null ? [] : [this.#missedPort]));
    this.say('Stopping process with SIGKILL');
    await handle.kill();
  }

  #becomeUp(handle: RunningDyno): void {
    this.#voice.sayAfterOutput(handle, 'State changed from starting to up');
    this.#record.become({ is: 'up', since: this.#tools.now() });
    this.#booted.resolve({ is: 'up' });
  }

  async #shutDown({ after, graceMs }: StopOrder): Promise<void> {
    const { lifetime } = this.#tools;
    const isOver = (): boolean => this.#hasEnded || lifetime.aborted;
    const hurry = this.#hurry.promise;
    if (after !== undefined) await orAborted(Promise.race([after, hurry, this.#ended.promise]), lifetime);
    const handle = await this.#handle.promise;
    if (handle === null || isOver()) return;
    // From here on the grace counts: the row says since when, for a platform that is started in the middle of it.
    this.#becomeStopping(graceMs);
    // A platform that finds it must know that it may end; without the row it would take the end for a crash.
    await this.#record.saved.catch(() => undefined);
    const ended = this.#ended.promise;
    await endProcess(handle, { graceMs, hurry, ended, lifetime, isOver, say: this.say.bind(this) });
  }

  #becomeStopping(graceMs: number): void {
    this.#record.become({ is: 'stopping', killAt: new Date(this.#tools.now().getTime() + graceMs) });
  }

  #end(exit: Exit | null, handle: RunningDyno | null): void {
    if (this.#hasEnded || this.#tools.lifetime.aborted) return;
    this.#hasEnded = true;
    this.#record.freePort();
    if (exit !== null) this.say(...exitLines(exit));
    const before = this.#record.state;
    if (before.is === 'starting' || before.is === 'up') {
      this.say(`State changed from ${before.is} to crashed`);
      this.#record.crash(exit, handle?.startedAt ?? this.createdAt);
    } else if (before.is === 'stopping' && this.#record.then === 'down') this.#record.become({ is: 'down', exit });
    const reason = this.#bootTimedOut ? 'boot-timeout' : 'crashed';
    this.#booted.resolve({ is: 'failed', reason, exit, missedPort: this.#missedPort });
    this.#ended.resolve();
    this.#tools.track(this.#cleanUp(handle));
  }

  /** The spool goes only when its lines are safe in the log. */
  async #cleanUp(handle: RunningDyno | null): Promise<void> {
    try {
      if (handle !== null) {
        await this.#tools.logs.flush();
        await handle.remove();
      }
    } finally {
      if (this.#record.state.is === 'stopping') await this.#record.forget();
      this.#gone.resolve();
    }
  }
}
