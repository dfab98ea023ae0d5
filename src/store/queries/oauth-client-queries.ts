import type { Kysely, Selectable } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AccountId, OAuthClientId } from '../../model/ids.ts';
import type { OAuthClient } from '../../model/oauth-client.ts';
import type { OAuthClientQueries } from '../account-store.ts';
import { fromTime, toText, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';

export function oauthClientQueries({ read, write }: Handle): OAuthClientQueries {
  return {
    create: ({ id, accountId, name, redirectUri, sealedSecret }) =>
      write(async (db) => {
        const now = toTime(new Date());
        const row = {
          id,
          account_id: accountId,
          name: toText(name),
          redirect_uri: toText(redirectUri),
          secret: sealedSecret,
          created_at: now,
          updated_at: now,
        };
        await db.insertInto('oauth_clients').values(row).execute();
        return toClient(row);
      }),
    list: async (accountId) => {
      const rows = await clients(read)
        .where('account_id', '=', accountId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toClient);
    },
    findById: async (id) => {
      const row = await clients(read).where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toClient(row);
    },
    update: (id, { name, redirectUri, sealedSecret }) =>
      write(async (db) => {
        const row = await db
          .updateTable('oauth_clients')
          .set({
            ...(name !== undefined && { name: toText(name) }),
            ...(redirectUri !== undefined && { redirect_uri: toText(redirectUri) }),
            ...(sealedSecret !== undefined && { secret: sealedSecret }),
            updated_at: toTime(new Date()),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (row !== undefined) return toClient(row);
        throw new PlatformError('not_found', "Couldn't find that OAuth client.", { resource: 'client' });
      }),
    delete: (id) =>
      write(async (db) => {
        await db.deleteFrom('oauth_clients').where('id', '=', id).execute();
      }),
  };
}

function clients(db: Kysely<Schema>) {
  return db.selectFrom('oauth_clients').selectAll();
}

function toClient(row: Selectable<Schema['oauth_clients']>): OAuthClient {
  return {
    id: row.id as OAuthClientId,
    accountId: row.account_id as AccountId,
    name: row.name,
    redirectUri: row.redirect_uri,
    sealedSecret: row.secret,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
