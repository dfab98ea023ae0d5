import { sql, type Kysely } from 'kysely';
import type { ColumnTypes } from '../dialects/database.ts';

/** No foreign key leads to `apps`: that an app was destroyed is told after it is gone. What is told or too old is purged. */
export async function createWebhooks(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await sql`insert into counters (name, value) values ('webhook', 0)`.execute(db);
  await db.schema
    .createTable('webhooks')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('app_id', 'text', (col) => col.notNull())
    .addColumn('include', 'text', (col) => col.notNull())
    .addColumn('level', 'text', (col) => col.notNull())
    .addColumn('target', types.bytes, (col) => col.notNull())
    .addColumn('may_reach_loopback', 'integer', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .addColumn('deleted_at', 'text')
    .execute();
  await db.schema.createIndex('webhooks_by_app').on('webhooks').column('app_id').execute();
  await db.schema
    .createTable('webhook_events')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('number', 'integer', (col) => col.notNull().unique())
    .addColumn('app_id', 'text', (col) => col.notNull())
    .addColumn('include', 'text', (col) => col.notNull())
    .addColumn('action', 'text', (col) => col.notNull())
    .addColumn('actor_id', 'text', (col) => col.notNull())
    .addColumn('actor_email', 'text', (col) => col.notNull())
    .addColumn('snapshot', 'text', (col) => col.notNull())
    .addColumn('payload', 'text')
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('webhook_events_by_app').on('webhook_events').columns(['app_id', 'number']).execute();
  await db.schema
    .createTable('webhook_deliveries')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('number', 'integer', (col) => col.notNull().unique())
    .addColumn('app_id', 'text', (col) => col.notNull())
    .addColumn('webhook_id', 'text', (col) => col.notNull().references('webhooks.id').onDelete('cascade'))
    .addColumn('event_id', 'text', (col) => col.notNull().references('webhook_events.id').onDelete('cascade'))
    .addColumn('level', 'text', (col) => col.notNull())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('attempts', 'integer', (col) => col.notNull())
    .addColumn('last_attempt', 'text')
    .addColumn('next_attempt_at', 'text')
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  const index = (name: string, columns: string[]) =>
    db.schema.createIndex(name).on('webhook_deliveries').columns(columns).execute();
  await index('webhook_deliveries_by_app', ['app_id', 'number']);
  await index('webhook_deliveries_by_time', ['next_attempt_at']);
  await index('webhook_deliveries_by_event', ['event_id']);
  await index('webhook_deliveries_by_webhook', ['webhook_id']);
}
