import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../dialects/database.ts';

/** Custom domains of apps, and the certificates that are shown for them. */
export async function addDomains(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('sni_endpoints')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('app_id', 'text', (col) => col.notNull().references('apps.id').onDelete('cascade'))
    .addColumn('name', 'text', (col) => col.notNull())
    .addColumn('certificate_chain', 'text', (col) => col.notNull())
    .addColumn('private_key', types.bytes, (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .addUniqueConstraint('sni_endpoints_by_app', ['app_id', 'name'])
    .execute();
  await db.schema
    .createTable('domains')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('app_id', 'text', (col) => col.notNull().references('apps.id').onDelete('cascade'))
    .addColumn('hostname', 'text', (col) => col.notNull().unique())
    .addColumn('sni_endpoint_id', 'text', (col) => col.references('sni_endpoints.id').onDelete('set null'))
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('domains_by_app').on('domains').column('app_id').execute();
  await db.schema.createIndex('domains_by_sni_endpoint').on('domains').column('sni_endpoint_id').execute();
}
