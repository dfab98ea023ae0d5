import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openFormation, type Formation, type FormationLimits, type RollOutOutcome } from '../../src/formation/index.ts';
import type { App } from '../../src/model/app.ts';
import type { AppId, AppName, DynoId, ProcessType, Sha256 } from '../../src/model/ids.ts';
import type { AppLogWriter, LogLine } from '../../src/model/log.ts';
import type { Release } from '../../src/model/release.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { RecordingRouter } from './recording-router.ts';
import { ScriptedRuntime } from './scripted-runtime.ts';

/** Everything that takes minutes takes tens of milliseconds here. */
export const quickLimits: FormationLimits = {
  bootTimeoutMs: 5_000,
  stopGraceMs: 5_000,
  removeGraceMs: 100,
  drainMs: 5_000,
  meterEveryMs: 20,
  listenPollMs: 2,
  crash: { resetAfterMs: 600_000, firstCooldownMs: 600_000, maxCooldownMs: 86_400_000 },
};

class RecordingLogs implements AppLogWriter {
  readonly lines: string[] = [];

  append(_appId: AppId, lines: readonly LogLine[]): void {
    for (const line of lines) this.lines.push(`${line.source}[${line.process}]: ${String(line.message)}`);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}

/** A formation over a scripted runtime, a recording router and a real store; `restartPlatform` puts a new one over the same. */
export class FormationRig implements AsyncDisposable {
  readonly runtime = new ScriptedRuntime();
  readonly router = new RecordingRouter();
  readonly logs = new RecordingLogs();
  readonly store: Store;
  readonly lastLines = new Map<DynoId, readonly string[]>();
  readonly #dir: string;
  readonly #limits: FormationLimits;
  readonly #keepOld: boolean;
  /** Of the app. */
  wantsMetrics = false;
  formation!: Formation;
  app!: App;

  private constructor(dir: string, store: Store, options: RigOptions) {
    this.#dir = dir;
    this.store = store;
    this.#limits = { ...quickLimits, ...options.limits };
    this.#keepOld = options.keepOld ?? true;
  }

  static async start(options: RigOptions = {}): Promise<FormationRig> {
    const dir = await mkdtemp(join(tmpdir(), 'formation-'));
    const store = await openStore({ url: join(dir, 'platform.sqlite'), log: pino({ level: 'silent' }) });
    const rig = new FormationRig(dir, store, options);
    const account = await store.accounts.create({ email: 'a@example.com' });
    rig.app = await store.apps.create({
      name: 'shop' as AppName,
      ownerId: account.id,
      stack: 'heroku-24',
      region: 'us',
    });
    await rig.#open();
    return rig;
  }

  /** The platform process ends at this very moment, and another one starts. */
  async restartPlatform(meanwhile: () => void = () => undefined): Promise<void> {
    await this.formation.close();
    this.router.routes.length = 0;
    meanwhile();
    await this.#open();
  }

  async release(types: Record<string, string> | null, status: Release['status'] = 'pending'): Promise<Release> {
    const { store, app } = this;
    const sha256 = 'a'.repeat(64) as Sha256;
    return store.transaction(async (tx) => {
      const slug =
        types === null
          ? null
          : await tx.slugs.create({
              appId: app.id,
              sha256,
              sizeBytes: 1,
              commit: null,
              commitDescription: null,
              processTypes: types,
              buildpackProvidedDescription: null,
              stack: 'heroku-24',
            });
      return tx.releases.create({
        appId: app.id,
        description: 'Deploy',
        status,
        slugId: slug?.id ?? null,
        userId: app.ownerId,
        configVars: null,
      });
    });
  }

  rollOut(release: Release): Promise<RollOutOutcome> {
    const becomeCurrent = (): Promise<void> => this.store.releases.setStatus(release.id, 'succeeded');
    return this.formation.rollOut(this.app, release, becomeCurrent);
  }

  /** A release that is live. */
  async deploy(types: Record<string, string> = { web: 'serve -p $PORT' }): Promise<Release> {
    const release = await this.release(types);
    const outcome = await this.rollOut(release);
    if (outcome.status !== 'live') throw new Error(`not live: ${JSON.stringify(outcome)}`);
    return release;
  }

  async scale(type: string, quantity: number): Promise<void> {
    await this.store.formation.set(this.app.id, type as ProcessType, { quantity });
    await this.formation.scale(this.app);
  }

  /** `web.1 up v2`, in the order of the list. */
  get dynos(): readonly string[] {
    return this.formation.list(this.app.id).map((dyno) => `${dyno.name} ${dyno.state} v${dyno.releaseVersion}`);
  }

  /** `web.1 up`, sorted: what the store knows. */
  async rows(): Promise<readonly string[]> {
    return (await this.store.dynos.list(this.app.id)).map((row) => `${row.name} ${row.state}`).sort();
  }

  /** Lines of one dyno, without the name. */
  linesOf(name: string): readonly string[] {
    const start = `heroku[${name}]: `;
    return this.logs.lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.formation.close();
    await this.store[Symbol.asyncDispose]();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #open(): Promise<void> {
    this.formation = await openFormation({
      wantsMetrics: () => Promise.resolve(this.wantsMetrics),
      store: this.store,
      runtime: this.runtime,
      router: this.router,
      logs: this.logs,
      log: pino({ level: 'silent' }),
      domain: 'localhost',
      readCustomHosts: () =>
        Promise.resolve({ hosts: [], certificates: [], challenges: [], pages: { error: null, maintenance: null } }),
      readConfigVars: () => Promise.resolve({ SECRET: 'hunter2', DYNO: 'mine' }),
      lastLines: (_appId, dynoId) => Promise.resolve(this.lastLines.get(dynoId) ?? []),
      limits: this.#limits,
      keepOldOnFailedRollOut: this.#keepOld,
    });
    await this.formation.reconcile();
  }
}

interface RigOptions {
  readonly limits?: Partial<FormationLimits>;
  readonly keepOld?: boolean;
}

/** For a value that the story says is there. */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('nothing is there');
  return value;
}

/** Waits until something is so; fails with what it was instead. */
export async function until<T>(read: () => T | Promise<T>, isSo: (value: T) => boolean, withinMs = 60_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (isSo(value)) return value;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(value)} after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
