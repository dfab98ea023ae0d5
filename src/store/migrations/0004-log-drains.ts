import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../dialects/database.ts';

export async function createLogDrains(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('log_drains')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('app_id', 'text', (col) => col.notNull().references('apps.id').onDelete('cascade'))
    .addColumn('token', 'text', (col) => col.notNull().unique())
    .addColumn('url', types.bytes, (col) => col.notNull())
    .addColumn('may_reach_loopback', 'integer', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('log_drains_by_app').on('log_drains').column('app_id').execute();
}
