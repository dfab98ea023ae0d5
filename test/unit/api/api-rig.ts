import { randomBytes, randomUUID } from 'node:crypto';
import { measureDisk } from '../../../src/disk/index.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { ensureFirstAccount, GuessLimit, hashToken, newToken } from '../../../src/account/index.ts';
import { apiPlugin, serializeResource, serverOptions } from '../../../src/api/index.ts';
import { openConfigVars } from '../../../src/config-vars/index.ts';
import { FairSlots } from '../../../src/lib/fair-slots.ts';
import { KeyedQueue } from '../../../src/lib/keyed-queue.ts';
import { Attachments, BuildCancellations, Launches, OneOffDynos, type Platform } from '../../../src/lifecycle/index.ts';
import { PathSigner } from '../../../src/lib/signed-path.ts';
import { openOutbound } from '../../../src/lib/outbound.ts';
import { UploadSlots } from '../../../src/lib/upload-slots.ts';
import { openSecretBox } from '../../../src/lib/secret-box.ts';
import { openLogs } from '../../../src/log.ts';
import { Metrics } from '../../../src/metrics/index.ts';
import { openLogplex } from '../../../src/logplex/index.ts';
import type { Account } from '../../../src/model/account.ts';
import type { App } from '../../../src/model/app.ts';
import type { Scope } from '../../../src/model/authorization.ts';
import type { DynoView } from '../../../src/model/dyno.ts';
import type { AccountId, AppId, CommitId, DynoId, DynoName, ProcessType, Sha256 } from '../../../src/model/ids.ts';
import type { Release } from '../../../src/model/release.ts';
import { OutputStreams } from '../../../src/output-stream/index.ts';
import { createRelease } from '../../../src/release/index.ts';
import { SourceStore } from '../../../src/source/index.ts';
import { openStore } from '../../../src/store/index.ts';
import { checkout } from '../../rig/platform-rig.ts';
import { Webhooks } from '../../../src/webhook/index.ts';
import { ScriptedRuntime } from '../../rig/scripted-runtime.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; tests know what they asked for. */
  readonly json: unknown;
}

/** The Platform API over a real store and a real log, with dynos that only exist as rows. */
export class ApiRig implements AsyncDisposable {
  readonly platform: Platform;
  readonly operator: Account;
  readonly url: string;
  readonly token: string;
  readonly dynos: DynoCast;
  readonly #close: () => Promise<void>;

  private constructor(parts: {
    platform: Platform;
    operator: Account;
    url: string;
    token: string;
    dynos: DynoCast;
    close: () => Promise<void>;
  }) {
    this.platform = parts.platform;
    this.operator = parts.operator;
    this.url = parts.url;
    this.token = parts.token;
    this.dynos = parts.dynos;
    this.#close = parts.close;
  }

  static async start(options: { readonly hourlyLimit?: number; readonly bodyMs?: number } = {}): Promise<ApiRig> {
    const dir = await mkdtemp(join(tmpdir(), 'hokku-api-'));
    const logs = openLogs('error', false);
    const store = await openStore({ url: join(dir, 'platform.sqlite'), log: logs.store });
    const outbound = openOutbound({ publicPort: () => 0, allowLoopback: false, allowedNets: [] });
    const secretKey = randomBytes(32);
    const logplex = await openLogplex({ dir: join(dir, 'logs'), log: logs.logplex, outbound });
    const token = `HRKU-${randomBytes(16).toString('hex')}`;
    const operator = await ensureFirstAccount(store, { email: 'admin@localhost', token });
    const limits = { retryMs: 20, maxRetryMs: 100 };
    const webhooks = new Webhooks({ store, box: openSecretBox(secretKey), outbound, log: logs.webhook, limits });
    const closing = new AbortController();
    const dynos = new DynoCast();
    const runtime = new ScriptedRuntime();
    const background: Promise<unknown>[] = [];
    const http = fastify({ ...serverOptions, logger: false, forceCloseConnections: true });
    let port = 0;
    const platform = {
      urls: {
        get api() {
          return `http://localhost:${port}`;
        },
        git: (app: string) => `https://localhost:${port}/${app}.git`,
        web: (app: string) => `http://${app}.localhost:${port}/`,
      },
      domain: 'localhost',
      stack: 'heroku-24',
      region: 'us',
      store,
      guesses: new GuessLimit(),
      logplex,
      metrics: new Metrics(),
      webhooks,
      logs,
      configVars: openConfigVars(store, secretKey),
      secretBox: openSecretBox(secretKey),
      outbound,
      repos: { create: () => Promise.resolve(), remove: () => Promise.resolve() },
      slugs: { has: () => Promise.resolve(true), hold: () => () => undefined },
      sources: new SourceStore(dir, 1024 * 1024),
      slugUploads: new UploadSlots({ perOwner: 2, total: 8 }),
      streams: new OutputStreams(join(dir, 'streams'), logs.build),
      signer: new PathSigner(randomBytes(32)),
      certificates: { isOffered: false, wake: () => undefined },
      formation: {
        list: (appId: AppId) => dynos.list(appId),
        showGuest: (view: DynoView) => dynos.showGuest(view),
        meterGuest: () => undefined,
        scale: async (app: App) => dynos.follow(app, platform),
        rollOut: async (app: App, _release: Release, becomeCurrent: () => Promise<void>) => {
          await becomeCurrent();
          await dynos.follow(app, platform);
          return { status: 'live' };
        },
        restart: async (app: App) => dynos.follow(app, platform),
        stop: () => Promise.resolve(),
        refreshRoute: () => Promise.resolve(),
        refreshHosts: () => Promise.resolve(),
        removeApp: () => Promise.resolve(),
      },
      cancellations: new BuildCancellations(),
      builds: new KeyedQueue(),
      buildSlots: new FairSlots(4),
      limits: { sourceMaxBytes: 1024 * 1024, buildTimeoutMs: 10_000 },
      privateSources: [],
      // Enough for builds whose source is missing; others are the push suite's.
      buildTools: {
        caches: { remove: () => Promise.resolve() },
        workDir: dir,
        buildpacksDir: join(checkout, 'buildpacks'),
        registryFile: null,
      },
      launches: new Launches(),
      slugCollector: { collect: () => undefined },
      disk: {
        root: dir,
        limits: { quotaBytes: null, reserveBytes: null, rollbackReleases: 20, rollbackMs: 0 },
        admit: () => Promise.resolve({ status: 'granted', [Symbol.dispose]: () => undefined }),
        touched: () => undefined,
        collect: () => Promise.resolve({ freedBytes: 1 }),
        measure: async () => {
          const all = {
            repos: dir,
            slugs: dir,
            sources: dir,
            streams: dir,
            cache: dir,
            buildpacks: dir,
            builds: dir,
            dynos: dir,
            logs: dir,
          };
          return { usage: await measureDisk(all), usedBytes: 1, quotaBytes: 2, excessBytes: 0 };
        },
      },
      runtime,
      oneOffs: new OneOffDynos({ attachMs: 60_000, hangUpEveryMs: 1_000, graceMs: 1_000 }),
      attachments: new Attachments(),
      attachBy: 'rendezvous',
      inBackground: (_what: string, work: Promise<unknown>) => {
        background.push(work);
      },
      closing: closing.signal,
    } as unknown as Platform;
    await webhooks.start(serializeResource(platform));
    await http.register(apiPlugin(platform, { hourlyLimit: 1_000_000, ...options, checkAnswers: true }));
    await http.listen({ port: 0, host: '127.0.0.1' });
    port = (http.server.address() as AddressInfo).port;
    const close = async (): Promise<void> => {
      closing.abort();
      await platform.oneOffs[Symbol.asyncDispose]();
      await http.close();
      await Promise.all(background);
      await webhooks[Symbol.asyncDispose]();
      await logplex[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    };
    return new ApiRig({ platform, operator, url: `http://127.0.0.1:${port}`, token, dynos, close });
  }

  async api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        accept: 'application/vnd.heroku+json; version=3.sdk',
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, json: text === '' ? null : JSON.parse(text) };
  }

  /** A further account, and what it authorizes itself with. */
  async account(email: string): Promise<Account & { readonly authorization: string }> {
    const made = await this.api('POST', '/accounts', { email });
    const { access_token: given } = made.json as { access_token: { token: string } };
    const account = await this.platform.store.accounts.findByEmail(email);
    if (account === null) throw new Error(`the account ${email} was not made`);
    return { ...account, authorization: `Bearer ${given.token}` };
  }

  /** An `Authorization` header for a new token of the account. */
  async authorize(
    account: { readonly id: AccountId },
    scopes: readonly Scope[],
    expiresAt: Date | null = null,
  ): Promise<string> {
    const token = newToken();
    const rest = { hash: hashToken(token), hint: null, description: 'test', scopes, expiresAt };
    await this.platform.store.authorizations.create({ ...rest, accountId: account.id });
    return `Bearer ${token}`;
  }

  async createApp(name: string, headers: Record<string, string> = {}): Promise<App> {
    await this.api('POST', '/apps', { name }, headers);
    const app = await this.platform.store.apps.findByName(name);
    if (app === null) throw new Error(`the app ${name} was not created`);
    return app;
  }

  /** What a push leaves behind: a slug, a release, the formation of its Procfile. */
  async deploy(app: App, commit = randomBytes(20).toString('hex')): Promise<Release> {
    const { store, logplex } = this.platform;
    const actor = { accountId: this.operator.id, email: this.operator.email };
    const release = await store.transaction(async (tx) => {
      const slug = await tx.slugs.create({
        appId: app.id,
        sha256: randomBytes(32).toString('hex') as Sha256,
        sizeBytes: 1_234_567,
        commit: commit,
        commitDescription: 'A Developer: change',
        processTypes: { web: 'python app.py', worker: 'python worker.py' } as Record<ProcessType, string>,
        buildpackProvidedDescription: 'Python',
        stack: app.stack,
      });
      const build = await tx.builds.create({ appId: app.id, commit: commit as CommitId, userId: actor.accountId });
      const created = await createRelease(
        {
          app,
          actor,
          description: `Deploy ${commit.slice(0, 8)}`,
          slugId: slug.id,
          configVars: await tx.apps.readConfig(app.id),
          status: 'succeeded',
        },
        tx,
        logplex,
      );
      await tx.builds.finish(build.id, { status: 'succeeded', slugId: slug.id, releaseId: created.id });
      await tx.formation.set(app.id, 'web' as ProcessType, { quantity: 1, size: 'basic' });
      await tx.formation.set(app.id, 'worker' as ProcessType, { quantity: 0, size: 'basic' });
      return created;
    });
    await this.dynos.follow(app, this.platform);
    return release;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** Plays the dynos that the formation's rows ask for: all of them up, none of them real. */
class DynoCast {
  readonly #views = new Map<AppId, readonly DynoView[]>();

  readonly #guests = new Set<DynoView>();

  list(appId: AppId): readonly DynoView[] {
    return [...[...this.#guests].filter((view) => view.appId === appId), ...(this.#views.get(appId) ?? [])];
  }

  showGuest(view: DynoView): () => void {
    this.#guests.add(view);
    return () => this.#guests.delete(view);
  }

  async follow(app: App, { store }: Platform): Promise<void> {
    const release = await store.releases.findCurrent(app.id);
    if (release?.slug == null) return;
    const { processTypes } = release.slug;
    const views = (await store.formation.list(app.id)).flatMap((entry) =>
      Array.from({ length: entry.quantity }, (_, index): DynoView => ({
        id: randomUUID() as DynoId,
        appId: app.id,
        name: `${entry.type}.${index + 1}` as DynoName,
        type: entry.type,
        command: processTypes[entry.type] ?? '',
        size: entry.size,
        state: 'up',
        releaseId: release.id,
        releaseVersion: release.version,
        createdAt: new Date(),
        updatedAt: new Date(),
      })),
    );
    this.#views.set(app.id, views);
  }
}
