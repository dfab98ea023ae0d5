import { randomUUID } from 'node:crypto';
import type { App } from '../model/app.ts';
import type { DynoSpec, DynoState, Exit, RunningDyno } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';
import type { RouteTarget } from '../model/route.ts';
import { dynoEnv } from '../lib/dyno-env.ts';
import { deferred } from '../lib/deferred.ts';
import type { DynoRow } from '../store/index.ts';
import { backOff } from './back-off.ts';
import { expandPort, platformLines, r10, r12 } from './dyno-lines.ts';
import type { BootResult, StopOrder } from './dyno-orders.ts';
import { isWeb, type DynoPlan } from './dyno-plan.ts';
import { dynoRow, stateOfRow } from './dyno-row.ts';
import type { DynoTools } from './dyno-tools.ts';
import { untilEnded } from './until-ended.ts';
import { orAborted } from './waiting.ts';
import { watchBoot } from './watch-boot.ts';

/**
 * One start of one dyno: it owns the process, the row and the log lines, and knows nothing of its siblings.
 *
 *     starting ──► up ──► stopping ──► (gone, or down)
 *        │          │         ▲
 *        ▼          ▼         └── from starting, too
 *      crashed ◄────┘             a crashed dyno is replaced by another Dyno, it never comes back itself
 */
export class Dyno {
  readonly id: DynoId;
  readonly plan: DynoPlan;
  readonly createdAt: Date;
  /** Settles once: when it is up, or when it has ended without having been so. */
  readonly booted: Promise<BootResult>;

  readonly #tools: DynoTools;
  readonly #app: Pick<App, 'id' | 'uid'>;
  readonly #onChange: (dyno: Dyno) => void;
  readonly #booted = deferred<BootResult>();
  readonly #handle = deferred<RunningDyno | null>();
  readonly #ended = deferred();
  readonly #gone = deferred();
  /** A second, more urgent order to stop: cuts the draining and the grace short. */
  readonly #hurry = deferred<number>();
  #state: DynoState;
  #updatedAt: Date;
  #port: number | null = null;
  #hasEnded = false;
  #bootTimedOut = false;
  #then: StopOrder['then'] = 'remove';
  #crashes: number;
  #saving: Promise<void> = Promise.resolve();
  #isForgotten = false;

  constructor(
    tools: DynoTools,
    app: Pick<App, 'id' | 'uid'>,
    plan: DynoPlan,
    onChange: (dyno: Dyno) => void,
    past: { readonly crashes: number; readonly row?: DynoRow },
  ) {
    this.#tools = tools;
    this.#app = app;
    this.#onChange = onChange;
    this.plan = plan;
    this.booted = this.#booted.promise;
    this.#crashes = past.crashes;
    const { row } = past;
    this.id = row?.id ?? (randomUUID() as DynoId);
    this.createdAt = row?.createdAt ?? tools.now();
    this.#updatedAt = row?.updatedAt ?? this.createdAt;
    this.#state = row === undefined ? { is: 'starting', bootDeadline: null } : stateOfRow(row);
    if (row?.port != null && hasProcess(this.#state)) this.#holdPort(row.port);
  }

  get state(): DynoState {
    return this.#state;
  }

  get isUp(): boolean {
    return this.#state.is === 'up';
  }

  get crashes(): number {
    return this.#crashes;
  }

  /** True for one that a user stopped and that has not ended yet. */
  get isGoingDown(): boolean {
    return this.#state.is === 'stopping' && this.#then === 'down';
  }

  /** Resolves when its row is as it is now. */
  get saved(): Promise<void> {
    return this.#saving;
  }

  /** When it came into its present state. */
  get updatedAt(): Date {
    return this.#updatedAt;
  }

  /** Null for one that takes no requests. */
  get target(): RouteTarget | null {
    if (!this.isUp || this.#port === null) return null;
    const { name, release } = this.plan;
    // Dynos share the host's network: a web dyno is reached on loopback.
    return { dynoId: this.id, name, host: '127.0.0.1', port: this.#port, releaseVersion: release.version };
  }

  /** Resolves when it runs (not yet: when it is up). A launch that fails is a crash, not an exception. */
  async begin(): Promise<void> {
    const { tools, release } = { tools: this.#tools, release: this.plan.release };
    try {
      if (isWeb(this.plan)) this.#holdPort(await tools.ports.take());
      await this.#save();
      const spec = this.#spec(await tools.readConfigVars(release.id));
      if (this.#state.is !== 'starting' || tools.lifetime.aborted) {
        this.#handle.resolve(null);
        this.#end(null, null);
        return;
      }
      this.say(`Starting process with command \`${expandPort(spec.command, spec.port)}\``);
      this.#attach(await tools.runtime.start(spec));
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
    const state = this.#state.is;
    if (state === 'stopping') {
      if (order.then === 'remove') this.#then = 'remove';
      if (order.after === undefined) this.#hurry.resolve(order.graceMs);
      return this.#gone.promise;
    }
    this.#then = order.then;
    if (state === 'crashed' || state === 'down') return this.#settle();
    this.#becomeStopping(order.graceMs);
    this.#tools.track(this.#shutDown(order));
    return this.#gone.promise;
  }

  /** Says something in the app's log in the name of this dyno. */
  say(...lines: string[]): void {
    if (this.#tools.lifetime.aborted) return;
    this.#tools.logs.append(this.#app.id, platformLines(this.plan.name, lines));
  }

  // Private

  #spec(configVars: Readonly<Record<string, string>>): DynoSpec {
    const { name, type, command, size, release } = this.plan;
    if (release.slug === null) throw new Error(`Internal: ${name} has a release without a slug`);
    return {
      id: this.id,
      appId: this.#app.id,
      uid: this.#app.uid,
      name,
      type,
      command,
      size,
      releaseId: release.id,
      releaseVersion: release.version,
      slug: release.slug.sha256,
      port: this.#port,
      env: dynoEnv({ name, port: this.#port, configVars }),
    };
  }

  #attach(handle: RunningDyno): void {
    this.#handle.resolve(handle);
    void handle.exited.then((exit) => {
      this.#end(exit, handle);
    });
    if (this.#state.is !== 'starting') return;
    if (isWeb(this.plan)) this.#tools.track(this.#boot(handle));
    else this.#becomeUp();
  }

  async #boot(handle: RunningDyno): Promise<void> {
    const { limits, lifetime } = this.#tools;
    const deadline = new Date(handle.startedAt.getTime() + limits.bootTimeoutMs);
    this.#state = { is: 'starting', bootDeadline: deadline };
    const outcome = await watchBoot(handle, {
      deadline,
      pollMs: limits.listenPollMs,
      lifetime,
      now: () => this.#tools.now(),
      isBooting: () => this.#state.is === 'starting' && !lifetime.aborted,
    });
    if (outcome === 'listening') this.#becomeUp();
    if (outcome !== 'timed-out') return;
    this.#bootTimedOut = true;
    this.say(r10(limits.bootTimeoutMs), 'Stopping process with SIGKILL');
    await handle.kill();
  }

  #becomeUp(): void {
    this.say('State changed from starting to up');
    this.#become({ is: 'up', since: this.#tools.now() });
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
    await this.#saving.catch(() => undefined);
    if (isOver()) return;
    this.say('Stopping all processes with SIGTERM');
    await handle.terminate();
    const waitedMs = await untilEnded(this.#ended.promise, graceMs, hurry, lifetime);
    if (isOver()) return;
    this.say(r12(waitedMs), 'Stopping remaining processes with SIGKILL');
    await handle.kill();
  }

  #becomeStopping(graceMs: number): void {
    this.#become({ is: 'stopping', killAt: new Date(this.#tools.now().getTime() + graceMs) });
  }

  #end(exit: Exit | null, handle: RunningDyno | null): void {
    if (this.#hasEnded || this.#tools.lifetime.aborted) return;
    this.#hasEnded = true;
    if (this.#port !== null) this.#tools.ports.free(this.#port);
    if (exit !== null) this.say(`Process exited with status ${exit.status}`);
    const before = this.#state;
    if (before.is === 'starting' || before.is === 'up') this.#crash(before.is, exit, handle);
    else if (before.is === 'stopping' && this.#then === 'down') this.#become({ is: 'down', exit });
    this.#booted.resolve({ is: 'failed', reason: this.#bootTimedOut ? 'boot-timeout' : 'crashed', exit });
    this.#ended.resolve();
    this.#tools.track(this.#cleanUp(handle));
  }

  #crash(before: 'starting' | 'up', exit: Exit | null, handle: RunningDyno | null): void {
    const at = exit?.at ?? this.#tools.now();
    const uptimeMs = at.getTime() - (handle?.startedAt ?? this.createdAt).getTime();
    const { crashes, delayMs } = backOff(this.#crashes, uptimeMs, this.#tools.limits.crash);
    this.#crashes = crashes;
    this.say(`State changed from ${before} to crashed`);
    this.#become({ is: 'crashed', exit, restartAt: new Date(at.getTime() + delayMs) });
  }

  /** The spool goes only when its lines are safe in the log. */
  async #cleanUp(handle: RunningDyno | null): Promise<void> {
    try {
      if (handle !== null) {
        await this.#tools.logs.flush();
        await handle.remove();
      }
    } finally {
      if (this.#state.is === 'stopping') await this.#forget();
      this.#gone.resolve();
    }
  }

  /** For a dyno without a process: only the row is left to be settled. */
  async #settle(): Promise<void> {
    if (this.#then === 'remove') {
      await this.#forget();
    } else if (this.#state.is === 'crashed') {
      this.#become({ is: 'down', exit: this.#state.exit });
      await this.#saving;
    }
  }

  async #forget(): Promise<void> {
    this.#isForgotten = true;
    // A write that failed has been reported; the row may be gone with its app.
    await this.#saving.catch(() => undefined);
    if (!this.#tools.lifetime.aborted) await this.#tools.store.dynos.remove(this.id);
  }

  #become(state: DynoState): void {
    this.#state = state;
    this.#updatedAt = this.#tools.now();
    this.#tools.track(this.#save());
    this.#onChange(this);
  }

  /** Writes of one row go out in order, each with the state of when it was asked for. */
  #save(): Promise<void> {
    const row = dynoRow(this.#app.id, this.plan, {
      id: this.id,
      state: this.#state,
      then: this.#then,
      port: this.#port,
      crashes: this.#crashes,
      createdAt: this.createdAt,
      updatedAt: this.#updatedAt,
    });
    this.#saving = this.#saving
      .catch(() => undefined)
      .then(async () => {
        if (!this.#isForgotten && !this.#tools.lifetime.aborted) await this.#tools.store.dynos.save(row);
      });
    return this.#saving;
  }

  #holdPort(port: number): void {
    this.#port = port;
    this.#tools.ports.keep(port);
  }
}

function hasProcess(state: DynoState): boolean {
  return state.is !== 'crashed' && state.is !== 'down';
}
