import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../dialects/database.ts';

/** OAuth clients and what is authorized for them, sessions, SSH keys, features of apps, transfers of apps. */
export async function addAccountThings(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await addClients(db, types);
  await db.schema
    .createTable('ssh_keys')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('account_id', 'text', (col) => col.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('public_key', 'text', (col) => col.notNull())
    .addColumn('fingerprint', 'text', (col) => col.notNull())
    .addColumn('comment', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addUniqueConstraint('ssh_keys_by_account', ['account_id', 'fingerprint'])
    .execute();
  await db.schema
    .createTable('app_features')
    .addColumn('app_id', 'text', (col) => col.notNull().references('apps.id').onDelete('cascade'))
    .addColumn('name', 'text', (col) => col.notNull())
    .addColumn('enabled', 'integer', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .addPrimaryKeyConstraint('app_features_by_app', ['app_id', 'name'])
    .execute();
  await db.schema
    .createTable('app_transfers')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('app_id', 'text', (col) => col.notNull().references('apps.id').onDelete('cascade'))
    .addColumn('owner_id', 'text', (col) => col.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('recipient_id', 'text', (col) => col.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('state', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  for (const column of ['app_id', 'owner_id', 'recipient_id']) {
    await db.schema.createIndex(`app_transfers_by_${column}`).on('app_transfers').column(column).execute();
  }
}

async function addClients(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('oauth_clients')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('account_id', 'text', (col) => col.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('name', 'text', (col) => col.notNull())
    .addColumn('redirect_uri', 'text', (col) => col.notNull())
    .addColumn('secret', types.bytes, (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('oauth_clients_by_account').on('oauth_clients').column('account_id').execute();
  const change = () => db.schema.alterTable('authorizations');
  await change()
    .addColumn('client_id', 'text', (col) => col.references('oauth_clients.id').onDelete('cascade'))
    .execute();
  await change()
    .addColumn('is_session', 'integer', (col) => col.notNull().defaultTo(0))
    .execute();
  await change().addColumn('grant_hash', 'text').execute();
  await change().addColumn('refresh_hash', 'text').execute();
  for (const column of ['client_id', 'grant_hash', 'refresh_hash']) {
    await db.schema.createIndex(`authorizations_by_${column}`).on('authorizations').column(column).execute();
  }
}
