import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { retryWhileBusy } from '../retry-while-busy.ts';

/**
 * For reads that each stand alone: a query whose connection breaks is asked again on another one, until `deadlineMs` have
 * passed. Nothing of a session is kept from one query to the next, so there are no transactions.
 */
export class RereadingDriver implements Driver {
  readonly #inner: Driver;
  readonly #isDisconnected: (error: unknown) => boolean;
  readonly #deadlineMs: number;

  constructor(inner: Driver, isDisconnected: (error: unknown) => boolean, deadlineMs: number) {
    this.#inner = inner;
    this.#isDisconnected = isDisconnected;
    this.#deadlineMs = deadlineMs;
  }

  init(): Promise<void> {
    return this.#inner.init();
  }

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve({
      executeQuery: <Row>(query: CompiledQuery) =>
        retryWhileBusy(() => this.#ask<Row>(query), this.#isDisconnected, this.#deadlineMs),
      streamQuery: () => {
        throw new Error('Internal: a stream of rows is not asked for anew');
      },
    });
  }

  releaseConnection(): Promise<void> {
    return Promise.resolve();
  }

  beginTransaction(): Promise<void> {
    return refuseTransaction();
  }

  commitTransaction(): Promise<void> {
    return refuseTransaction();
  }

  rollbackTransaction(): Promise<void> {
    return refuseTransaction();
  }

  destroy(): Promise<void> {
    return this.#inner.destroy();
  }

  async #ask<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const connection = await this.#inner.acquireConnection();
    try {
      return await connection.executeQuery<Row>(query);
    } finally {
      await this.#inner.releaseConnection(connection);
    }
  }
}

function refuseTransaction(): Promise<void> {
  return Promise.reject(new Error('Internal: a transaction on connections that are for single reads'));
}
