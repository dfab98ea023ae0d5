import type { Kysely } from 'kysely';

/** What the operator was told of, so that a restart doesn't tell it again, and what is still to be sent. */
export async function addNotices(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notices')
    .addColumn('cause', 'text', (col) => col.primaryKey())
    .addColumn('id', 'text', (col) => col.notNull())
    .addColumn('message', 'text', (col) => col.notNull())
    .addColumn('app_name', 'text')
    .addColumn('told_at', 'text', (col) => col.notNull())
    .addColumn('attempts', 'integer', (col) => col.notNull())
    .addColumn('next_attempt_at', 'text')
    .execute();
}
