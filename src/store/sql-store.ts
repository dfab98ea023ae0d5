import { AsyncLocalStorage } from 'node:async_hooks';
import { sql, type Transaction as SqlTransaction } from 'kysely';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import type { Actor } from '../model/account.ts';
import type { Deed, Origin } from '../model/audit.ts';
import type { Database } from './dialects/database.ts';
import type { Handle } from './handle.ts';
import { insertAuditEntry } from './queries/audit-queries.ts';
import { recordDeeds, type DeedRecording } from './record-deeds.ts';
import { retryWhileBusy } from './retry-while-busy.ts';
import type { Schema } from './schema.ts';
import { noticeQueries } from './notice-store.ts';
import { secretKeyQueries } from './secret-key-store.ts';
import type { Queries, Store, Transaction } from './store.ts';

interface Progress {
  /** Nobody could find out whether it took place. */
  isInDoubt: boolean;
  /** The transaction wrote events for webhooks. */
  hasNoted: boolean;
}

/**
 * The store over either database. Every write is a transaction, even a single row, and they queue up here: the writing
 * connection is held from begin to commit, so nothing else of this process can slip in between.
 */
export class SqlStore implements Store {
  readonly accounts: Queries['accounts'];
  readonly authorizations: Queries['authorizations'];
  readonly oauthClients: Queries['oauthClients'];
  readonly sshKeys: Queries['sshKeys'];
  readonly appFeatures: Queries['appFeatures'];
  readonly appTransfers: Queries['appTransfers'];
  readonly apps: Queries['apps'];
  readonly collaborators: Queries['collaborators'];
  readonly slugs: Queries['slugs'];
  readonly builds: Queries['builds'];
  readonly releases: Queries['releases'];
  readonly formation: Queries['formation'];
  readonly dynos: Queries['dynos'];
  readonly appSetups: Queries['appSetups'];
  readonly logDrains: Queries['logDrains'];
  readonly domains: Queries['domains'];
  readonly sniEndpoints: Queries['sniEndpoints'];
  readonly acm: Queries['acm'];
  readonly pipelines: Queries['pipelines'];
  readonly pipelineCouplings: Queries['pipelineCouplings'];
  readonly pipelinePromotions: Queries['pipelinePromotions'];
  readonly reviewApps: Queries['reviewApps'];
  readonly webhooks: Queries['webhooks'];
  readonly webhookEvents: Queries['webhookEvents'];
  readonly webhookDeliveries: Queries['webhookDeliveries'];
  readonly secretKeys: Store['secretKeys'];
  readonly notices: Store['notices'];
  readonly audit: Queries['audit'];
  readonly #database: Database;
  readonly #busyDeadlineMs: number;
  readonly #writers = new KeyedQueue<'writer'>();
  /** Set in everything that a transaction's work calls. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean; hasNoted: boolean }>();
  readonly #actors = new AsyncLocalStorage<{ readonly actor: Actor; readonly origin: Origin }>();
  readonly #recording: DeedRecording;
  #tellWebhooks: () => void = () => undefined;
  #closed = false;

  constructor(database: Database, busyDeadlineMs: number) {
    this.#database = database;
    this.#busyDeadlineMs = busyDeadlineMs;
    this.#recording = {
      actor: () => this.#actors.getStore()?.actor ?? null,
      doer: () => this.#actors.getStore() ?? null,
      noted: () => {
        const scope = this.#inside.getStore();
        if (scope !== undefined) scope.hasNoted = true;
      },
    };
    const handle: Handle = { read: database.reader, write: (work) => this.#write(work, () => undefined) };
    const queries = recordDeeds(handle, this.#recording);
    this.secretKeys = secretKeyQueries(handle);
    this.notices = noticeQueries(handle);
    this.accounts = queries.accounts;
    this.authorizations = queries.authorizations;
    this.oauthClients = queries.oauthClients;
    this.sshKeys = queries.sshKeys;
    this.appFeatures = queries.appFeatures;
    this.appTransfers = queries.appTransfers;
    this.apps = queries.apps;
    this.collaborators = queries.collaborators;
    this.slugs = queries.slugs;
    this.builds = queries.builds;
    this.releases = queries.releases;
    this.formation = queries.formation;
    this.dynos = queries.dynos;
    this.appSetups = queries.appSetups;
    this.logDrains = queries.logDrains;
    this.domains = queries.domains;
    this.sniEndpoints = queries.sniEndpoints;
    this.acm = queries.acm;
    this.pipelines = queries.pipelines;
    this.pipelineCouplings = queries.pipelineCouplings;
    this.pipelinePromotions = queries.pipelinePromotions;
    this.reviewApps = queries.reviewApps;
    this.webhooks = queries.webhooks;
    this.webhookEvents = queries.webhookEvents;
    this.webhookDeliveries = queries.webhookDeliveries;
    this.audit = queries.audit;
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let effects: (() => void)[] = [];
    return this.#write(
      (db) => {
        effects = []; // those of an attempt that was rolled back are void
        const queries = recordDeeds({ read: db, write: (write) => write(db) }, this.#recording);
        return work({ ...queries, afterCommit: (effect) => void effects.push(effect) });
      },
      () => {
        for (const effect of effects) effect();
      },
    );
  }

  actingAs<T>(actor: Actor, origin: Origin, work: () => T): T {
    return this.#actors.run({ actor, origin }, work);
  }

  async noteDeed(deed: Deed): Promise<void> {
    const doer = this.#actors.getStore();
    if (doer === undefined) return;
    const { actor, origin } = doer;
    const entry = { at: new Date(), accountId: actor.accountId, email: actor.email, ...origin };
    await this.#write(
      (db) => insertAuditEntry(db, { appId: null, appName: null, ...entry, ...deed }),
      () => undefined,
    );
  }

  onWebhookEvents(listener: () => void): void {
    this.#tellWebhooks = listener;
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#database.reader);
  }

  /** Lets the writes that are under way or waiting end first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writers.run('writer', async () => {
      if (this.#closed) return;
      this.#closed = true;
      await this.#database[Symbol.asyncDispose]();
    });
  }

  async #write<T>(work: (db: SqlTransaction<Schema>) => Promise<T>, afterCommit: () => void): Promise<T> {
    if (this.#inside.getStore()?.open === true) {
      throw new Error('Internal: a write beside the transaction it is made in; it would wait for itself');
    }
    return this.#writers.run('writer', async () => {
      if (this.#closed) throw new Error('Internal: a write to a store that is closed');
      const progress: Progress = { isInDoubt: false, hasNoted: false };
      const mayRetry = (error: unknown): boolean =>
        !progress.isInDoubt && (this.#database.isBusy(error) || this.#database.isDisconnected(error));
      const result = await retryWhileBusy(() => this.#attempt(work, progress), mayRetry, this.#busyDeadlineMs);
      // Still in the queue, so that the effects of two transactions come in the order of their commits.
      afterCommit();
      if (progress.hasNoted) this.#tellWebhooks();
      return result;
    });
  }

  /** A connection that breaks at the commit leaves open whether the transaction took place; then the database is asked. */
  async #attempt<T>(work: (db: SqlTransaction<Schema>) => Promise<T>, progress: Progress): Promise<T> {
    const scope = { open: true, hasNoted: false };
    let ending: { readonly transaction: string | null; readonly result: T } | null = null;
    try {
      return await this.#database.writer.transaction().execute(async (db) => {
        const transaction = await this.#database.lockWriters(db);
        const result = await this.#inside.run(scope, () => work(db));
        progress.hasNoted = scope.hasNoted;
        ending = { transaction, result };
        return result;
      });
    } catch (error) {
      // TypeScript does not see that the callback has set it.
      const atCommit = ending as { readonly transaction: string | null; readonly result: T } | null;
      if (atCommit === null || atCommit.transaction === null || !this.#database.isDisconnected(error)) throw error;
      progress.isInDoubt = true;
      const wasCommitted = await this.#database.wasCommitted(atCommit.transaction);
      progress.isInDoubt = false;
      if (!wasCommitted) throw error;
      return atCommit.result;
    } finally {
      scope.open = false;
    }
  }
}
