import { randomUUID } from 'node:crypto';
import { sql, type Kysely } from 'kysely';

interface OldToken {
  hash: string;
  account_id: string;
  description: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

/** Tokens become authorizations with a scope, accounts get passwords, apps get collaborators. */
export async function addAccess(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('accounts').addColumn('name', 'text').execute();
  await db.schema.alterTable('accounts').addColumn('password_hash', 'text').execute();
  await createAuthorizations(db);
  await db.schema
    .createTable('collaborators')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('app_id', 'text', (col) => col.notNull().references('apps.id').onDelete('cascade'))
    .addColumn('account_id', 'text', (col) => col.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('permissions', 'text', (col) => col.notNull())
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .addUniqueConstraint('collaborators_by_app', ['app_id', 'account_id'])
    .execute();
  await db.schema.createIndex('collaborators_by_account').on('collaborators').column('account_id').execute();
}

async function createAuthorizations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('authorizations')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('account_id', 'text', (col) => col.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('hash', 'text', (col) => col.notNull().unique())
    .addColumn('hint', 'text')
    .addColumn('description', 'text', (col) => col.notNull())
    .addColumn('scopes', 'text', (col) => col.notNull())
    .addColumn('expires_at', 'text')
    .addColumn('revoked_at', 'text')
    .addColumn('created_at', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('authorizations_by_account').on('authorizations').column('account_id').execute();

  const { rows } = await sql<OldToken>`select * from tokens`.execute(db);
  for (const old of rows) {
    await sql`insert into authorizations
      (id, account_id, hash, description, scopes, expires_at, revoked_at, created_at, updated_at)
      values (${randomUUID()}, ${old.account_id}, ${old.hash}, ${old.description}, '["global"]',
        ${old.expires_at}, ${old.revoked_at}, ${old.created_at}, ${old.created_at})`.execute(db);
  }
  await db.schema.dropTable('tokens').execute();
}
