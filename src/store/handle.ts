import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** How a query reaches the database. The same query modules serve the store itself and a transaction. */
export interface Handle {
  /** Committed rows, or those of the transaction. */
  readonly read: Kysely<Schema>;
  /** In the transaction, or in one of its own. */
  readonly write: <T>(work: (db: Transaction<Schema>) => Promise<T>) => Promise<T>;
}

/** Hands out the next number of a counter. Rolled back with the transaction, never given twice. */
export async function nextNumber(
  db: Transaction<Schema>,
  counter: 'app-uid' | 'account' | 'build' | 'webhook' | 'audit',
): Promise<number> {
  const { value } = await db
    .updateTable('counters')
    .set((eb) => ({ value: eb('value', '+', 1) }))
    .where('name', '=', counter)
    .returning('value')
    .executeTakeFirstOrThrow();
  return value;
}
