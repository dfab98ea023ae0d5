import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { Account } from '../../model/account.ts';
import type { AccountId } from '../../model/ids.ts';
import { fromTime, toText, toTime, toTimeOrNull } from '../codecs.ts';
import { nextNumber, type Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { AccountQueries } from '../store.ts';

export function accountQueries({ read, write }: Handle): AccountQueries {
  return {
    create: ({ email }) =>
      write(async (db) => {
        await refuseTakenEmail(db, email, null);
        const now = toTime(new Date());
        const row = {
          id: randomUUID(),
          number: await nextNumber(db, 'account'),
          email: toText(email),
          email_key: keyOf(email),
          created_at: now,
          updated_at: now,
        };
        await db.insertInto('accounts').values(row).execute();
        return toAccount(row);
      }),
    findFirst: async () => {
      const row = await read.selectFrom('accounts').selectAll().orderBy('number').limit(1).executeTakeFirst();
      return row === undefined ? null : toAccount(row);
    },
    changeEmail: (id, email) =>
      write(async (db) => {
        await refuseTakenEmail(db, email, id);
        const row = await db
          .updateTable('accounts')
          .set({ email: toText(email), email_key: keyOf(email), updated_at: toTime(new Date()) })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined)
          throw new PlatformError('not_found', "Couldn't find that account.", { resource: 'account' });
        return toAccount(row);
      }),
    findById: async (id) => {
      const row = await read.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toAccount(row);
    },
    findByEmail: async (email) => {
      const row = await read
        .selectFrom('accounts')
        .selectAll()
        .where('email_key', '=', keyOf(email))
        .executeTakeFirst();
      return row === undefined ? null : toAccount(row);
    },
    ...tokenQueries({ read, write }),
  };
}

type TokenQueries = Pick<AccountQueries, 'addToken' | 'listTokens' | 'findByTokenHash' | 'revokeToken'>;

function tokenQueries({ read, write }: Handle): TokenQueries {
  return {
    addToken: (accountId, tokenHash, description, expiresAt) =>
      write(async (db) => {
        const validity = { description: toText(description), expires_at: toTimeOrNull(expiresAt), revoked_at: null };
        const row = { hash: tokenHash, account_id: accountId, created_at: toTime(new Date()), ...validity };
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('tokens')
          .values(row)
          .onConflict((conflict) =>
            conflict.column('hash').doUpdateSet(validity).where('tokens.account_id', '=', accountId),
          )
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) {
          throw new PlatformError('conflict', 'That token belongs to another account. Choose a new one.');
        }
      }),
    listTokens: (accountId) =>
      validTokens(read)
        .select(['tokens.hash', 'tokens.description'])
        .where('tokens.account_id', '=', accountId)
        .orderBy('tokens.created_at')
        .orderBy('tokens.hash')
        .execute(),
    findByTokenHash: async (tokenHash) => {
      const row = await validTokens(read)
        .innerJoin('accounts', 'accounts.id', 'tokens.account_id')
        .selectAll('accounts')
        .where('tokens.hash', '=', tokenHash)
        .executeTakeFirst();
      return row === undefined ? null : toAccount(row);
    },
    revokeToken: (tokenHash) =>
      write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('tokens')
          .set({ revoked_at: toTime(new Date()) })
          .where('hash', '=', tokenHash)
          .where('revoked_at', 'is', null)
          .executeTakeFirstOrThrow();
        return numUpdatedRows === 1n;
      }),
  };
}

function validTokens(db: Kysely<Schema>) {
  return db
    .selectFrom('tokens')
    .where('tokens.revoked_at', 'is', null)
    .where((eb) => eb.or([eb('tokens.expires_at', 'is', null), eb('tokens.expires_at', '>', toTime(new Date()))]));
}

async function refuseTakenEmail(db: Transaction<Schema>, email: string, except: AccountId | null): Promise<void> {
  const holder = await db.selectFrom('accounts').select('id').where('email_key', '=', keyOf(email)).executeTakeFirst();
  if (holder !== undefined && holder.id !== except) {
    throw new PlatformError('invalid_params', 'Email is already taken');
  }
}

const keyOf = (email: string): string => toText(email.toLowerCase());

function toAccount(row: Selectable<Schema['accounts']>): Account {
  return {
    id: row.id as AccountId,
    email: row.email,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
