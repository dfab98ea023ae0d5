import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { Authorization, Scope } from '../../model/authorization.ts';
import type { AccountId, AuthorizationId, OAuthClientId } from '../../model/ids.ts';
import {
  fromFlag,
  fromJson,
  fromTime,
  fromTimeOrNull,
  toFlag,
  toJson,
  toText,
  toTime,
  toTimeOrNull,
} from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { AuthorizationTable, Schema } from '../schema.ts';
import type { AuthorizationQueries, NewAuthorization } from '../store.ts';
import { toAccount } from './account-queries.ts';

export function authorizationQueries({ read, write }: Handle): AuthorizationQueries {
  return {
    create: (authorization) => write((db) => create(db, authorization)),
    list: async (accountId) => {
      const rows = await listed(read)
        .selectAll()
        .where('account_id', '=', accountId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toAuthorization);
    },
    findById: async (id) => {
      const row = await listed(read).selectAll().where('authorizations.id', '=', id).executeTakeFirst();
      return row === undefined ? null : toAuthorization(row);
    },
    findByHash: async (hash) => {
      const authorization = await valid(read).selectAll().where('hash', '=', hash).executeTakeFirst();
      if (authorization === undefined) return null;
      const account = await read
        .selectFrom('accounts')
        .selectAll()
        .where('id', '=', authorization.account_id)
        .executeTakeFirst();
      // Null: deleted in between.
      return account === undefined
        ? null
        : { account: toAccount(account), authorization: toAuthorization(authorization) };
    },
    findByGrant: async (grantHash) => {
      const row = await valid(read).selectAll().where('grant_hash', '=', grantHash).executeTakeFirst();
      return row === undefined ? null : toAuthorization(row);
    },
    findByRefresh: async (refreshHash) => {
      const row = await listed(read).selectAll().where('refresh_hash', '=', refreshHash).executeTakeFirst();
      return row === undefined ? null : toAuthorization(row);
    },
    update: (id, change) => write((db) => update(db, id, change)),
    revoke: (id) =>
      write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('authorizations')
          .set({ revoked_at: toTime(new Date()) })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .executeTakeFirstOrThrow();
        return numUpdatedRows === 1n;
      }),
  };
}

async function update(
  db: Transaction<Schema>,
  id: AuthorizationId,
  {
    description,
    hash,
    hint,
    expiresAt,
    clientId,
    grantHash,
    refreshHash,
  }: Parameters<AuthorizationQueries['update']>[1],
): Promise<Authorization> {
  const row = await db
    .updateTable('authorizations')
    .set({
      ...(description !== undefined && { description: toText(description) }),
      ...(hash !== undefined && { hash }),
      ...(hint !== undefined && { hint }),
      ...(expiresAt !== undefined && { expires_at: toTimeOrNull(expiresAt) }),
      ...(clientId !== undefined && { client_id: clientId }),
      ...(grantHash !== undefined && { grant_hash: grantHash }),
      ...(refreshHash !== undefined && { refresh_hash: refreshHash }),
      updated_at: toTime(new Date()),
    })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return toAuthorization(row);
  throw new PlatformError('not_found', "Couldn't find that authorization.", { resource: 'authorization' });
}

async function create(db: Transaction<Schema>, authorization: NewAuthorization): Promise<Authorization> {
  const { accountId, hash, hint, description, scopes, expiresAt, clientId, isSession, grantHash } = authorization;
  const now = toTime(new Date());
  const content = {
    hint,
    description: toText(description),
    scopes: toJson(scopes),
    expires_at: toTimeOrNull(expiresAt),
    revoked_at: null,
    client_id: clientId ?? null,
    is_session: toFlag(isSession ?? false),
    grant_hash: grantHash ?? null,
    refresh_hash: null,
    updated_at: now,
  };
  const row = await db
    .insertInto('authorizations')
    .values({ ...content, id: randomUUID(), account_id: accountId, hash, created_at: now })
    .onConflict((conflict) =>
      conflict.column('hash').doUpdateSet(content).where('authorizations.account_id', '=', accountId),
    )
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return toAuthorization(row);
  throw new PlatformError('conflict', 'That token belongs to another account. Choose a new one.');
}

/** Whose token is good now. */
function valid(db: Kysely<Schema>) {
  return listed(db).where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', toTime(new Date()))]));
}

/** What can still be used, if only to get a new token. */
function listed(db: Kysely<Schema>) {
  return db
    .selectFrom('authorizations')
    .where('revoked_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb('expires_at', 'is', null),
        eb('expires_at', '>', toTime(new Date())),
        eb('refresh_hash', 'is not', null),
      ]),
    );
}

function toAuthorization(row: Selectable<AuthorizationTable>): Authorization {
  return {
    id: row.id as AuthorizationId,
    accountId: row.account_id as AccountId,
    description: row.description,
    scopes: fromJson(row.scopes) as readonly Scope[],
    hint: row.hint,
    clientId: row.client_id as OAuthClientId | null,
    isSession: fromFlag(row.is_session),
    isGrant: row.grant_hash !== null,
    expiresAt: fromTimeOrNull(row.expires_at),
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
