import type { Kysely } from 'kysely';

/** Deploys without a push: builds of source blobs, slugs that clients upload, setups from an app.json. */
export async function addDeploys(db: Kysely<unknown>): Promise<void> {
  for (const column of ['source_url', 'source_version', 'source_version_description', 'source_checksum']) {
    await db.schema.alterTable('builds').addColumn(column, 'text').execute();
  }
  await db.schema
    .createTable('slug_drafts')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('app_id', 'text', (col) => col.notNull().references('apps.id').onDelete('cascade'))
    .addColumn('checksum', 'text')
    .addColumn('commit_id', 'text')
    .addColumn('commit_description', 'text')
    .addColumn('process_types', 'text', (col) => col.notNull())
    .addColumn('buildpack_description', 'text')
    .addColumn('stack', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('slug_drafts_by_app').on('slug_drafts').column('app_id').execute();
  await db.schema
    .createTable('app_setups')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('account_id', 'text', (col) => col.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('app_id', 'text', (col) => col.notNull())
    .addColumn('app_name', 'text', (col) => col.notNull())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('failure_message', 'text')
    .addColumn('manifest_errors', 'text', (col) => col.notNull())
    .addColumn('build_id', 'text')
    .addColumn('postdeploy_output', 'text')
    .addColumn('postdeploy_exit_code', 'integer')
    .addColumn('success_url', 'text')
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('app_setups_by_account').on('app_setups').column('account_id').execute();
}
