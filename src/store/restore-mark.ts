import { sql, type Kysely } from 'kysely';
import { PlatformError } from '../errors/platform-error.ts';
import type { Database } from './dialects/database.ts';
import type { Schema } from './schema.ts';

/**
 * A table that a restore leaves in a database server until the data folder is in its place too: two things that can't
 * be committed at once. No platform starts on rows whose files are not there.
 */
const markTable = 'unfinished_restore';

export async function readRestoreMark(db: Kysely<Schema>): Promise<string | null> {
  const tables = await db.introspection.getTables();
  if (!tables.some(({ name }) => name === markTable)) return null;
  const { rows } = await sql<{ id: string }>`select id from ${sql.table(markTable)}`.execute(db);
  return rows[0]?.id ?? null;
}

export async function createRestoreMark(db: Kysely<Schema>, id: string): Promise<void> {
  await sql`create table ${sql.table(markTable)} (id text not null)`.execute(db);
  await sql`insert into ${sql.table(markTable)} (id) values (${id})`.execute(db);
}

export async function clearRestoreMark(db: Kysely<Schema>): Promise<void> {
  await sql`drop table if exists ${sql.table(markTable)}`.execute(db);
}

/** `restoreId`: of the data folder; null when it was never restored. Throws when the database waits for another folder. */
export async function settleRestoreMark(database: Database, restoreId: string | null): Promise<void> {
  const mark = await readRestoreMark(database.writer);
  if (mark === null) return;
  if (mark === restoreId) {
    await clearRestoreMark(database.writer);
    return;
  }
  throw new PlatformError(
    'unavailable',
    `The database ${database.label} holds the rows of a restore that did not come to its end, and its files are not in this data folder. ` +
      'Run the same `hokku restore` once more: it goes on from there.',
  );
}
