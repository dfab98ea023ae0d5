import { sql, type CreateTableBuilder, type Kysely } from 'kysely';
import type { ColumnTypes } from '../dialects/database.ts';

/** The first schema. Foreign keys that cascade lead to `apps`: deleting an app deletes all that is the app's. */
export async function createTables(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createAccounts(db);
  await createApps(db, types);
  await createSlugs(db, types);
  await createBuilds(db);
  await createReleases(db, types);
  await createFormation(db);
}

async function createAccounts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('counters')
    .addColumn('name', 'text', (col) => col.primaryKey())
    .addColumn('value', 'integer', (col) => col.notNull())
    .execute();
  await sql`insert into counters (name, value) values ('app-uid', 99999), ('account', 0), ('build', 0)`.execute(db);
  await withTimes(db.schema.createTable('accounts'))
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('number', 'integer', (col) => col.notNull().unique())
    .addColumn('email', 'text', (col) => col.notNull())
    .addColumn('email_key', 'text', (col) => col.notNull().unique())
    .execute();
  await db.schema
    .createTable('tokens')
    .addColumn('hash', 'text', (col) => col.primaryKey())
    .addColumn('account_id', 'text', (col) => col.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('description', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('expires_at', 'text')
    .addColumn('revoked_at', 'text')
    .execute();
  await db.schema.createIndex('tokens_by_account').on('tokens').column('account_id').execute();
}

async function createApps(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await withTimes(db.schema.createTable('apps'))
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('name', 'text', (col) => col.notNull().unique())
    .addColumn('owner_id', 'text', (col) => col.notNull().references('accounts.id'))
    .addColumn('stack', 'text', (col) => col.notNull())
    .addColumn('region', 'text', (col) => col.notNull())
    .addColumn('maintenance', 'integer', (col) => col.notNull())
    .addColumn('uid', 'integer', (col) => col.notNull().unique())
    .addColumn('buildpack_description', 'text')
    .addColumn('buildpacks', 'text', (col) => col.notNull())
    .addColumn('config_vars', types.bytes)
    .addColumn('last_version', 'integer', (col) => col.notNull())
    .addColumn('released_at', 'text')
    .execute();
  await db.schema.createIndex('apps_by_owner').on('apps').column('owner_id').execute();
}

async function createSlugs(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await ofApp(db.schema.createTable('slugs'))
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('sha256', 'text', (col) => col.notNull())
    .addColumn('size_bytes', types.big, (col) => col.notNull())
    .addColumn('commit_id', 'text')
    .addColumn('commit_description', 'text')
    .addColumn('process_types', 'text', (col) => col.notNull())
    .addColumn('buildpack_description', 'text')
    .addColumn('stack', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('slugs_by_app').on('slugs').column('app_id').execute();
}

async function createBuilds(db: Kysely<unknown>): Promise<void> {
  await withTimes(ofApp(db.schema.createTable('builds')))
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('number', 'integer', (col) => col.notNull().unique())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('commit_id', 'text')
    .addColumn('user_id', 'text', (col) => col.notNull().references('accounts.id'))
    .addColumn('buildpacks', 'text', (col) => col.notNull())
    .addColumn('slug_id', 'text', (col) => col.references('slugs.id'))
    .addColumn('release_id', 'text')
    .execute();
  await db.schema.createIndex('builds_by_app').on('builds').columns(['app_id', 'number']).execute();
  await db.schema.createIndex('builds_by_slug').on('builds').column('slug_id').execute();
}

async function createReleases(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await withTimes(ofApp(db.schema.createTable('releases')))
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('version', 'integer', (col) => col.notNull())
    .addColumn('description', 'text', (col) => col.notNull())
    .addColumn('status', 'text', (col) => col.notNull())
    .addColumn('slug_id', 'text', (col) => col.references('slugs.id'))
    .addColumn('user_id', 'text', (col) => col.notNull().references('accounts.id'))
    .addColumn('config_vars', types.bytes)
    .addUniqueConstraint('releases_by_version', ['app_id', 'version'])
    .execute();
  await db.schema.createIndex('releases_by_slug').on('releases').column('slug_id').execute();
}

async function createFormation(db: Kysely<unknown>): Promise<void> {
  await withTimes(ofApp(db.schema.createTable('formation')))
    .addColumn('id', 'text', (col) => col.notNull().unique())
    .addColumn('type', 'text', (col) => col.notNull())
    .addColumn('quantity', 'integer', (col) => col.notNull())
    .addColumn('size', 'text', (col) => col.notNull())
    .addPrimaryKeyConstraint('formation_by_type', ['app_id', 'type'])
    .execute();
  await withTimes(ofApp(db.schema.createTable('dynos')))
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('name', 'text', (col) => col.notNull())
    .addColumn('type', 'text', (col) => col.notNull())
    .addColumn('release_id', 'text', (col) => col.notNull())
    .addColumn('size', 'text', (col) => col.notNull())
    .addColumn('command', 'text', (col) => col.notNull())
    .addColumn('port', 'integer')
    .addColumn('state', 'text', (col) => col.notNull())
    .addColumn('exit', 'text')
    .addColumn('crashes', 'integer', (col) => col.notNull())
    .addColumn('restart_at', 'text')
    .execute();
  await db.schema.createIndex('dynos_by_app').on('dynos').column('app_id').execute();
}

function withTimes<Column extends string>(table: CreateTableBuilder<string, Column>) {
  return table
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull());
}

function ofApp(table: CreateTableBuilder<string>) {
  return table.addColumn('app_id', 'text', (col) => col.notNull().references('apps.id').onDelete('cascade'));
}
