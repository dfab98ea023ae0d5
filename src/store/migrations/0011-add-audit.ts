import { sql, type Kysely } from 'kysely';

/** Who changed what. No foreign keys: what somebody did stays true when the app or the account is gone. */
export async function addAudit(db: Kysely<unknown>): Promise<void> {
  await sql`insert into counters (name, value) values ('audit', 0)`.execute(db);
  await db.schema
    .createTable('audit_entries')
    .addColumn('number', 'integer', (col) => col.primaryKey())
    .addColumn('at', 'text', (col) => col.notNull())
    .addColumn('account_id', 'text', (col) => col.notNull())
    .addColumn('email', 'text', (col) => col.notNull())
    .addColumn('via', 'text', (col) => col.notNull())
    .addColumn('address', 'text')
    .addColumn('action', 'text', (col) => col.notNull())
    .addColumn('app_id', 'text')
    .addColumn('app_name', 'text')
    .addColumn('detail', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('audit_entries_by_app').on('audit_entries').columns(['app_id', 'number']).execute();
}
