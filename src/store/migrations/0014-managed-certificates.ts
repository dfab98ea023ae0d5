import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../dialects/database.ts';

/** Certificates that the platform requests by itself: which apps want them, and how far each order is. */
export async function addManagedCertificates(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .alterTable('apps')
    .addColumn('acm', 'integer', (col) => col.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('sni_endpoints')
    .addColumn('acm', 'integer', (col) => col.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createTable('acm_orders')
    .addColumn('domain_id', 'text', (col) => col.primaryKey().references('domains.id').onDelete('cascade'))
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('reason', 'text')
    .addColumn('order_url', 'text')
    .addColumn('private_key', types.bytes)
    .addColumn('attempts', 'integer', (col) => col.notNull())
    .addColumn('next_at', 'text')
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema
    .createTable('acm_accounts')
    .addColumn('directory', 'text', (col) => col.primaryKey())
    .addColumn('private_key', types.bytes, (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .execute();
}
