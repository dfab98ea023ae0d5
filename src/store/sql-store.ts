import { AsyncLocalStorage } from 'node:async_hooks';
import { sql, type Transaction as SqlTransaction } from 'kysely';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import type { Database } from './dialects/database.ts';
import { queriesOf } from './queries/index.ts';
import { retryWhileBusy } from './retry-while-busy.ts';
import type { Schema } from './schema.ts';
import type { Queries, Store, Transaction } from './store.ts';

/**
 * The store over either database. Every write is a transaction, even a single row, and they queue up here: the writing
 * connection is held from begin to commit, so nothing else of this process can slip in between.
 */
export class SqlStore implements Store {
  readonly accounts: Queries['accounts'];
  readonly authorizations: Queries['authorizations'];
  readonly apps: Queries['apps'];
  readonly collaborators: Queries['collaborators'];
  readonly slugs: Queries['slugs'];
  readonly builds: Queries['builds'];
  readonly releases: Queries['releases'];
  readonly formation: Queries['formation'];
  readonly dynos: Queries['dynos'];
  readonly #database: Database;
  readonly #busyDeadlineMs: number;
  readonly #writers = new KeyedQueue<'writer'>();
  /** Set in everything that a transaction's work calls. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  #closed = false;

  constructor(database: Database, busyDeadlineMs: number) {
    this.#database = database;
    this.#busyDeadlineMs = busyDeadlineMs;
    const queries = queriesOf({
      read: database.reader,
      write: (work) => this.#write(work, () => undefined),
    });
    this.accounts = queries.accounts;
    this.authorizations = queries.authorizations;
    this.apps = queries.apps;
    this.collaborators = queries.collaborators;
    this.slugs = queries.slugs;
    this.builds = queries.builds;
    this.releases = queries.releases;
    this.formation = queries.formation;
    this.dynos = queries.dynos;
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let effects: (() => void)[] = [];
    return this.#write(
      (db) => {
        effects = []; // those of an attempt that was rolled back are void
        const queries = queriesOf({ read: db, write: (write) => write(db) });
        return work({ ...queries, afterCommit: (effect) => void effects.push(effect) });
      },
      () => {
        for (const effect of effects) effect();
      },
    );
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
      const progress = { committing: false };
      const mayRetry = (error: unknown): boolean =>
        this.#database.isBusy(error) || (!progress.committing && this.#database.isDisconnected(error));
      const result = await retryWhileBusy(() => this.#attempt(work, progress), mayRetry, this.#busyDeadlineMs);
      // Still in the queue, so that the effects of two transactions come in the order of their commits.
      afterCommit();
      return result;
    });
  }

  /** Once `progress.committing` is set, a broken connection leaves it open whether the transaction took place. */
  async #attempt<T>(work: (db: SqlTransaction<Schema>) => Promise<T>, progress: { committing: boolean }): Promise<T> {
    progress.committing = false;
    const scope = { open: true };
    try {
      return await this.#database.writer.transaction().execute(async (db) => {
        await this.#database.lockWriters(db);
        const result = await this.#inside.run(scope, () => work(db));
        progress.committing = true;
        return result;
      });
    } finally {
      scope.open = false;
    }
  }
}
