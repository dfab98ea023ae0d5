import { setMaxListeners } from 'node:events';
import { PlatformError } from '../errors/platform-error.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import type { App } from '../model/app.ts';
import type { DynoView, MeteredDyno } from '../model/dyno.ts';
import type { AppId } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import { AppDynos, type AppDynosTools } from './app-dynos.ts';
import type { DynoSelector, Formation, FormationDeps, RollOutOutcome } from './formation.ts';
import { DynoVoice } from './dyno-voice.ts';
import { defaultLimits } from './limits.ts';
import { meterDyno } from './meter-dyno.ts';
import { Ports } from './ports.ts';
import { reconcile } from './reconcile.ts';
import { restart, selectDynos } from './restart.ts';
import { rollOut } from './roll-out.ts';
import { scale, stopDynos } from './scale.ts';
import { Turns } from './turns.ts';
import { orAborted, pause } from './waiting.ts';

/** Opens the formation. Nothing happens before `reconcile()`. */
export function openFormation(deps: FormationDeps): Promise<Formation> {
  return Promise.resolve(new LocalFormation(deps));
}

/** How long `close` waits for writes that are under way. */
const closeMs = 2_000;

class LocalFormation implements Formation {
  readonly #deps: FormationDeps;
  readonly #tools: AppDynosTools;
  readonly #lifetime = new AbortController();
  readonly #apps = new Map<AppId, AppDynos>();
  readonly #turns = new Map<AppId, Turns>();
  readonly #queue = new KeyedQueue<AppId>();
  readonly #steps = new Set<Promise<unknown>>();
  /** Nothing is started any more. */
  #isStopping = false;

  constructor(deps: FormationDeps) {
    this.#deps = deps;
    // Every wait of every dyno listens to it; there may be hundreds.
    setMaxListeners(0, this.#lifetime.signal);
    this.#tools = {
      store: deps.store,
      runtime: deps.runtime,
      router: deps.router,
      logs: deps.logs,
      log: deps.log,
      domain: deps.domain,
      readCustomHosts: deps.readCustomHosts,
      keepsOld: deps.keepOldOnFailedRollOut ?? true,
      ports: new Ports(deps.ports ?? { from: 20_000, to: 29_999 }),
      limits: { ...defaultLimits, ...deps.limits },
      lifetime: this.#lifetime.signal,
      readConfigVars: (releaseId) => deps.readConfigVars(releaseId),
      wantsMetrics: async (appId) => (await deps.wantsMetrics?.(appId)) ?? false,
      now: () => deps.clock?.now() ?? new Date(),
      track: (step) => {
        this.#track(step);
      },
    };
  }

  async rollOut(
    app: App,
    release: Release,
    becomeCurrent: () => Promise<void>,
    cancel?: AbortSignal,
  ): Promise<RollOutOutcome> {
    const dynos = this.#of(app);
    const turn = this.#turnsOf(app.id).announce(release.version, dynos.live?.version ?? 0);
    if (turn === null) return { status: 'superseded' };
    const job = this.#queue.run(app.id, async () => {
      if (turn.signal.aborted || this.#isStopping) return { status: 'superseded' } as const;
      return rollOut({
        dynos,
        release,
        signal: cancel === undefined ? turn.signal : AbortSignal.any([turn.signal, cancel]),
        isCancelled: () => cancel?.aborted === true && !turn.signal.aborted,
        becomeCurrent,
        lastLines: (appId, dynoId) => this.#deps.lastLines(appId, dynoId),
      });
    });
    try {
      const outcome = await orAborted(job, turn.signal);
      this.#refuseIfClosed();
      return outcome ?? { status: 'superseded' };
    } finally {
      turn.end();
    }
  }

  scale(app: App): Promise<void> {
    return this.#change(app, (dynos, signal) => scale(dynos, signal));
  }

  async restart(app: App, which: DynoSelector): Promise<void> {
    selectDynos(this.#of(app), which);
    await this.#change(app, async (dynos, signal) => {
      const names = new Set(selectDynos(dynos, which).map((dyno) => dyno.plan.name));
      const wanted = dynos.live === null ? [] : await dynos.wanted(dynos.live);
      if (signal.aborted) return;
      await restart(
        dynos,
        wanted.filter((plan) => names.has(plan.name)),
        signal,
      );
    });
  }

  async stop(app: App, which: DynoSelector): Promise<void> {
    if (this.#of(app).guests.stop(which)) return;
    selectDynos(this.#of(app), which);
    await this.#change(app, (dynos) => stopDynos(dynos, selectDynos(dynos, which)));
  }

  list(appId: AppId): readonly DynoView[] {
    return this.#apps.get(appId)?.views() ?? [];
  }

  showGuest(view: DynoView, stop: () => void): () => void {
    const dynos = this.#apps.get(view.appId);
    return dynos === undefined ? () => undefined : dynos.guests.show(view, stop);
  }

  meterGuest(dyno: MeteredDyno, ended: Promise<unknown>): void {
    const { appId, name } = dyno.spec;
    this.#track(meterDyno(this.#tools, appId, dyno, new DynoVoice(this.#tools, appId, name), ended));
  }

  async refreshRoute(app: App): Promise<void> {
    const dynos = this.#of(app);
    dynos.app = app;
    await dynos.publish();
  }

  async refreshHosts(appId: AppId): Promise<void> {
    await this.#apps.get(appId)?.publishHosts();
  }

  async removeApp(appId: AppId): Promise<void> {
    this.#turns.get(appId)?.interruptAll();
    const dynos = this.#apps.get(appId);
    this.#apps.delete(appId);
    this.#turns.delete(appId);
    if (dynos === undefined) {
      await this.#tools.router.removeRoute(appId);
      return;
    }
    const gone = dynos.stopAll(this.#tools.limits.removeGraceMs, { keepDown: false });
    await dynos.removeRoute();
    // A job that was interrupted may still be launching a dyno; what it leaves is stopped when it is through.
    await this.#queue.run(appId, () => dynos.stopAll(this.#tools.limits.removeGraceMs, { keepDown: false }));
    await gone;
  }

  async reconcile(): Promise<void> {
    const goOn = await reconcile(this.#tools, (app) => this.#of(app));
    for (const { app, release } of goOn) this.#track(this.#goOn(app, release));
  }

  async stopAll(): Promise<void> {
    this.#isStopping = true;
    for (const turns of this.#turns.values()) turns.interruptAll();
    const { stopGraceMs } = this.#tools.limits;
    const stop = (dynos: AppDynos): Promise<void> => dynos.stopAll(stopGraceMs, { keepDown: true });
    await Promise.all(
      [...this.#apps].map(async ([appId, dynos]) => {
        await stop(dynos);
        await this.#queue.run(appId, () => stop(dynos));
      }),
    );
  }

  async close(): Promise<void> {
    this.#lifetime.abort();
    for (const turns of this.#turns.values()) turns.interruptAll();
    for (const dynos of this.#apps.values()) dynos.letGo();
    const timer = new AbortController();
    await Promise.race([Promise.allSettled([...this.#steps]), pause(closeMs, timer.signal)]);
    timer.abort();
  }

  // Private

  /** Finishes a roll-out for which nobody waits any more; one that fails must not stay the current release. */
  async #goOn(app: App, release: Release): Promise<void> {
    const { store, log } = this.#tools;
    const outcome = await this.rollOut(app, release, () => Promise.resolve());
    if (outcome.status === 'kept-old') await store.releases.setStatus(release.id, 'failed');
    log.info({ app: app.name, version: release.version, outcome: outcome.status }, 'interrupted roll-out finished');
  }

  /** Runs a change of one app in its turn. A roll-out makes it give up: a new release restarts everything anyway. */
  async #change(app: App, job: (dynos: AppDynos, signal: AbortSignal) => Promise<void>): Promise<void> {
    const dynos = this.#of(app);
    const turn = this.#turnsOf(app.id).begin();
    try {
      await this.#queue.run(app.id, async () => {
        this.#refuseIfClosed();
        if (this.#isStopping) return;
        await job(dynos, turn.signal);
      });
    } finally {
      turn.end();
    }
  }

  #of(app: App): AppDynos {
    this.#refuseIfClosed();
    let dynos = this.#apps.get(app.id);
    if (dynos === undefined) {
      dynos = new AppDynos(this.#tools, app);
      this.#apps.set(app.id, dynos);
    }
    return dynos;
  }

  #turnsOf(appId: AppId): Turns {
    let turns = this.#turns.get(appId);
    if (turns === undefined) {
      turns = new Turns();
      this.#turns.set(appId, turns);
    }
    return turns;
  }

  #refuseIfClosed(): void {
    if (!this.#lifetime.signal.aborted) return;
    throw new PlatformError('unavailable', 'The platform is shutting down. Try again when it is back.');
  }

  #track(step: Promise<unknown>): void {
    const watched = step.catch((error: unknown) => {
      if (this.#lifetime.signal.aborted) return;
      this.#tools.log.error({ err: error }, 'background step of the formation failed');
    });
    this.#steps.add(watched);
    void watched.then(() => {
      this.#steps.delete(watched);
    });
  }
}
