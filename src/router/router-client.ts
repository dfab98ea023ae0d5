import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred, type Deferred } from '../lib/deferred.ts';
import { isAlive, signalProcess, type ProcessIdentity } from '../lib/process-identity.ts';
import type { Logger } from '../log.ts';
import type { AppId, DynoId } from '../model/ids.ts';
import type { AppRoute } from '../model/route.ts';
import { ControlConnection, type LogIntake } from './control-connection.ts';
import { protocolVersion, type ToRouter } from './control-protocol.ts';
import { MetricsQuestions } from './metrics-questions.ts';
import { readPidFile } from './pid-file.ts';
import type { WireMetric } from './request-metrics.ts';
import type { Router } from './router.ts';
import { fingerprintOf, type RouterSettings } from './router-settings.ts';
import { endRouterProcess, startRouterProcess } from './start-router-process.ts';

export interface RouterClientOptions {
  readonly settings: RouterSettings;
  readonly runDir: string;
  /** For a router that is told to end. */
  readonly stopMs: number;
  readonly intake: LogIntake;
  readonly log: Logger;
}

interface Pending {
  readonly done: Deferred<void>;
  /** To be sent again on the next connection; null for a change of routes, which the next connection tells as a whole. */
  readonly again: ToRouter | null;
}

const helloMs = 5_000;
/** A router that does not answer a change of routes for so long hangs, and is replaced. */
const ackMs = 15_000;

/** Keeps a router running and told. All that it was told is kept here, and told again to a router that starts anew. */
export class RouterClient implements Router {
  readonly #options: RouterClientOptions;
  readonly #routes = new Map<AppId, AppRoute>();
  readonly #removed = new Set<AppId>();
  readonly #pending = new Map<number, Pending>();
  readonly #metrics = new MetricsQuestions();
  #committed = false;
  #connection: ControlConnection | null = null;
  #process: ProcessIdentity | null = null;
  #port = 0;
  #lastId = 0;
  #closed = false;
  #recovering: Promise<void> = Promise.resolve();

  constructor(options: RouterClientOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  get isTold(): boolean {
    return this.#connection?.isOpen === true;
  }

  async open(): Promise<void> {
    if (await this.#adopt()) return;
    await this.#start(this.#options.settings);
  }

  async setRoute(route: AppRoute): Promise<void> {
    this.#routes.set(route.appId, route);
    this.#removed.delete(route.appId);
    await this.#tellRoutes({ set: [route], remove: [], whole: false });
  }

  async removeRoute(appId: AppId): Promise<void> {
    this.#routes.delete(appId);
    this.#removed.add(appId);
    await this.#tellRoutes({ set: [], remove: [appId], whole: false });
    if (this.#committed) this.#removed.delete(appId);
  }

  async commit(): Promise<void> {
    this.#committed = true;
    await this.#tellRoutes({ set: [...this.#routes.values()], remove: [], whole: true });
    this.#removed.clear();
  }

  async drained(dynoId: DynoId, deadlineMs: number): Promise<void> {
    const id = ++this.#lastId;
    const message: ToRouter = { type: 'drained', id, dynoId, deadlineMs };
    const done = deferred();
    this.#pending.set(id, { done, again: message });
    // The router keeps the deadline too, but it may not be there.
    const timer = setTimeout(() => {
      this.#onAck(id);
    }, deadlineMs);
    this.#connection?.send(message);
    await done.promise;
    clearTimeout(timer);
  }

  readMetrics(): Promise<readonly WireMetric[]> {
    return this.#metrics.ask(++this.#lastId, this.#connection);
  }

  async stop(): Promise<void> {
    this.#closed = true;
    await this.#recovering;
    // The connection stays until the router has ended: it carries the last log lines.
    if (this.#process !== null) await endRouterProcess(this.#process, this.#options.stopMs);
    this.#letGo();
    removeRemains(this.#options.settings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#recovering;
    this.#letGo();
  }

  #letGo(): void {
    this.#connection?.close();
    this.#connection = null;
    for (const id of [...this.#pending.keys()]) this.#onAck(id);
  }

  /** True if the router of an earlier control plane goes on; one with other settings is ended. */
  async #adopt(): Promise<boolean> {
    const { settings, log } = this.#options;
    const live = readPidFile(settings.pidFile);
    if (live === null) {
      removeRemains(settings);
      return false;
    }
    const connection = await this.#connect().catch((error: unknown) => {
      log.warn({ pid: live.pid, err: error }, 'the router does not answer and is replaced');
      return null;
    });
    const same =
      connection?.hello.protocol === protocolVersion &&
      connection.hello.settings === fingerprintOf(settings) &&
      (settings.port === 0 || settings.port === connection.hello.port);
    if (connection !== null && same) {
      this.#attach(connection, live);
      log.info({ pid: live.pid, port: this.#port }, 'router adopted');
      return true;
    }
    await this.#supersede(live, connection);
    removeRemains(settings);
    return false;
  }

  /** Makes the live router give up its port. It goes on with the requests under way, and their log lines still arrive here. */
  async #supersede(live: ProcessIdentity, connection: ControlConnection | null): Promise<void> {
    const { settings, stopMs } = this.#options;
    signalProcess(live, connection === null ? 'SIGKILL' : 'SIGTERM');
    const deadline = Date.now() + stopMs;
    while (readPidFile(settings.pidFile) !== null && Date.now() < deadline) await sleep(20);
    if (readPidFile(settings.pidFile) !== null) await endRouterProcess(live, 0);
  }

  async #start(settings: RouterSettings): Promise<void> {
    const port = await startRouterProcess(settings, this.#options.runDir);
    const identity = readPidFile(settings.pidFile);
    if (identity === null) throw new Error('Internal: the router left no pid file');
    this.#attach(await this.#connect(), identity);
    this.#options.log.info({ pid: identity.pid, port }, 'router started');
  }

  async #connect(): Promise<ControlConnection> {
    return await ControlConnection.open(
      this.#options.settings.controlSocket,
      this.#options.intake,
      {
        onAck: (id) => {
          this.#onAck(id);
        },
        onMetrics: (id, metrics) => {
          this.#metrics.answer(id, metrics);
        },
        onClose: (connection) => {
          if (this.#connection === connection) this.#onLost();
        },
      },
      helloMs,
    );
  }

  /** Makes the connection the one in use, and tells the router all that it has to know. */
  #attach(connection: ControlConnection, identity: ProcessIdentity): void {
    this.#connection = connection;
    this.#process = identity;
    this.#port = connection.hello.port;
    if (!connection.isOpen) {
      this.#onLost();
      return;
    }
    const superseded = [...this.#pending].filter(([, { again }]) => again === null);
    for (const [id] of superseded) this.#pending.delete(id);
    const set = [...this.#routes.values()];
    const told = this.#tellRoutes({ set, remove: [...this.#removed], whole: this.#committed });
    for (const [, { done }] of superseded) done.resolve(told);
    // Only now: what is to be drained must not get new requests from an older table.
    for (const { again } of this.#pending.values()) if (again !== null) connection.send(again);
  }

  #tellRoutes(change: { set: readonly AppRoute[]; remove: readonly AppId[]; whole: boolean }): Promise<void> {
    const id = ++this.#lastId;
    const done = deferred();
    this.#pending.set(id, { done, again: null });
    const connection = this.#connection;
    if (this.#closed) this.#onAck(id);
    else if (connection !== null) {
      connection.send({ type: 'routes', id, ...change });
      this.#watch(id, connection);
    }
    return done.promise;
  }

  #watch(id: number, connection: ControlConnection): void {
    const timer = setTimeout(() => {
      if (!this.#pending.has(id) || this.#connection !== connection || this.#process === null) return;
      this.#options.log.error({ pid: this.#process.pid }, 'the router hangs and is replaced');
      signalProcess(this.#process, 'SIGKILL');
    }, ackMs);
    timer.unref();
  }

  #onAck(id: number): void {
    this.#pending.get(id)?.done.resolve();
    this.#pending.delete(id);
  }

  #onLost(): void {
    this.#connection = null;
    if (!this.#closed) this.#recovering = this.#recover();
  }

  /** The router died, or only the connection broke. Tries until one is there again, on the same port. */
  async #recover(): Promise<void> {
    const { settings, log } = this.#options;
    log.error('the connection to the router is lost');
    for (let pauseMs = 0; !this.#closed; pauseMs = Math.min(pauseMs * 2 + 100, 5_000)) {
      await sleep(pauseMs);
      try {
        if (this.#process !== null && isAlive(this.#process)) {
          this.#attach(await this.#connect(), this.#process);
        } else {
          removeRemains(settings);
          await this.#start({ ...settings, port: this.#port });
        }
        return;
      } catch (error) {
        log.error({ err: error }, 'the router cannot be reached or started; trying again');
      }
    }
  }
}

/** What a router that has ended may have left behind. */
function removeRemains({ controlSocket, pidFile }: RouterSettings): void {
  for (const path of [controlSocket, pidFile]) if (existsSync(path)) rmSync(path, { force: true });
}
