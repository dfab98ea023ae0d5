import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { AppPermission, Collaborator } from '../../model/collaborator.ts';
import type { AccountId, AppId, CollaboratorId } from '../../model/ids.ts';
import { fromJson, fromTime, toJson, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { CollaboratorQueries } from '../store.ts';

export function collaboratorQueries({ read, write }: Handle): CollaboratorQueries {
  return {
    set: (appId, accountId, permissions) =>
      write(async (db) => {
        const now = toTime(new Date());
        const change = { permissions: toJson(permissions), updated_at: now };
        await db
          .insertInto('collaborators')
          .values({ ...change, id: randomUUID(), app_id: appId, account_id: accountId, created_at: now })
          .onConflict((conflict) => conflict.columns(['app_id', 'account_id']).doUpdateSet(change))
          .execute();
        const row = await ofApp(db, appId).where('collaborators.account_id', '=', accountId).executeTakeFirstOrThrow();
        return toCollaborator(row);
      }),
    find: async (appId, accountId) => {
      const row = await ofApp(read, appId).where('collaborators.account_id', '=', accountId).executeTakeFirst();
      return row === undefined ? null : toCollaborator(row);
    },
    list: async (appId) => {
      const rows = await ofApp(read, appId).orderBy('collaborators.created_at').orderBy('collaborators.id').execute();
      return rows.map(toCollaborator);
    },
    remove: (id) =>
      write(async (db) => {
        await db.deleteFrom('collaborators').where('id', '=', id).execute();
      }),
  };
}

function ofApp(db: Kysely<Schema>, appId: AppId) {
  return db
    .selectFrom('collaborators')
    .innerJoin('accounts', 'accounts.id', 'collaborators.account_id')
    .selectAll('collaborators')
    .select('accounts.email as email')
    .where('collaborators.app_id', '=', appId);
}

function toCollaborator(row: Schema['collaborators'] & { email: string }): Collaborator {
  return {
    id: row.id as CollaboratorId,
    appId: row.app_id as AppId,
    accountId: row.account_id as AccountId,
    email: row.email,
    permissions: fromJson(row.permissions) as readonly AppPermission[],
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
