import type { Kysely } from 'kysely';

/** Since when the operator keeps an account out. */
export async function addSuspendedAccounts(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('accounts').addColumn('suspended_at', 'text').execute();
}
