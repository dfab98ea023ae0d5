import { randomUUID } from 'node:crypto';
import type { Selectable, Transaction, Updateable } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { Account } from '../../model/account.ts';
import type { AccountId } from '../../model/ids.ts';
import { fromTime, fromTimeOrNull, toText, toTextOrNull, toTime, toTimeOrNull } from '../codecs.ts';
import { nextNumber, type Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { AccountQueries } from '../store.ts';

export function accountQueries({ read, write }: Handle): AccountQueries {
  return {
    create: ({ email, passwordHash }) =>
      write(async (db) => {
        await refuseTakenEmail(db, email, null);
        const now = toTime(new Date());
        const row = {
          id: randomUUID(),
          number: await nextNumber(db, 'account'),
          email: toText(email),
          email_key: keyOf(email),
          name: null,
          password_hash: passwordHash ?? null,
          suspended_at: null,
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
        return set(db, id, { email: toText(email), email_key: keyOf(email) });
      }),
    update: (id, { name, passwordHash, suspendedAt }) =>
      write((db) =>
        set(db, id, {
          ...(name !== undefined && { name: toTextOrNull(name) }),
          ...(passwordHash !== undefined && { password_hash: passwordHash }),
          ...(suspendedAt !== undefined && { suspended_at: toTimeOrNull(suspendedAt) }),
        }),
      ),
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
    readPasswordHash: async (id) => {
      const row = await read.selectFrom('accounts').select('password_hash').where('id', '=', id).executeTakeFirst();
      return row?.password_hash ?? null;
    },
    list: async () => {
      const rows = await read.selectFrom('accounts').selectAll().orderBy('number').execute();
      return rows.map(toAccount);
    },
    delete: (id) => write((db) => remove(db, id)),
  };
}

async function set(db: Transaction<Schema>, id: AccountId, change: Updateable<Schema['accounts']>): Promise<Account> {
  const row = await db
    .updateTable('accounts')
    .set({ ...change, updated_at: toTime(new Date()) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw new PlatformError('not_found', "Couldn't find that account.", { resource: 'account' });
  return toAccount(row);
}

async function remove(db: Transaction<Schema>, id: AccountId): Promise<void> {
  const owned = await db.selectFrom('apps').select('name').where('owner_id', '=', id).executeTakeFirst();
  if (owned !== undefined) {
    throw new PlatformError('conflict', `The account owns the app ${owned.name}. Destroy or transfer its apps first.`);
  }
  const pipeline = await db.selectFrom('pipelines').select('name').where('owner_id', '=', id).executeTakeFirst();
  if (pipeline !== undefined) {
    throw new PlatformError(
      'conflict',
      `The account owns the pipeline ${pipeline.name}. Destroy or transfer its pipelines first.`,
    );
  }
  for (const table of ['builds', 'releases'] as const) {
    const trace = await db.selectFrom(table).select('id').where('user_id', '=', id).executeTakeFirst();
    if (trace !== undefined) {
      throw new PlatformError(
        'conflict',
        `The account has made ${table} of other accounts' apps, which name it. Keep it out with hokku account:suspend instead.`,
      );
    }
  }
  await db.deleteFrom('accounts').where('id', '=', id).execute();
}

async function refuseTakenEmail(db: Transaction<Schema>, email: string, except: AccountId | null): Promise<void> {
  const holder = await db.selectFrom('accounts').select('id').where('email_key', '=', keyOf(email)).executeTakeFirst();
  if (holder !== undefined && holder.id !== except) {
    throw new PlatformError('invalid_params', 'Email is already taken');
  }
}

const keyOf = (email: string): string => toText(email.toLowerCase());

/** Also for queries that join accounts. */
export function toAccount(row: Omit<Selectable<Schema['accounts']>, 'email_key' | 'password_hash'>): Account {
  return {
    id: row.id as AccountId,
    email: row.email,
    name: row.name,
    isOperator: row.number === 1,
    suspendedAt: fromTimeOrNull(row.suspended_at),
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
