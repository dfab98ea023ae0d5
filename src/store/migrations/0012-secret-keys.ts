import type { Kysely } from 'kysely';

/** Which secret key the sealed columns belong to, so that a wrong one is noticed and rotated ones can be told apart. */
export async function addSecretKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('secret_keys')
    .addColumn('version', 'integer', (col) => col.primaryKey())
    .addColumn('fingerprint', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .execute();
}
