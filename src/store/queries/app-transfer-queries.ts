import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AppTransfer } from '../../model/app-transfer.ts';
import type { AccountId, AppId, AppTransferId } from '../../model/ids.ts';
import type { AppTransferQueries } from '../account-store.ts';
import { stateMachines, statesBefore } from '../../model/state-machines.ts';
import { fromTime, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';

export function appTransferQueries({ read, write }: Handle): AppTransferQueries {
  return {
    create: ({ appId, ownerId, recipientId, state }) =>
      write(async (db) => {
        const id = randomUUID();
        const now = toTime(new Date());
        const app = await db.selectFrom('apps').select('id').where('id', '=', appId).executeTakeFirst();
        if (app === undefined) throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
        await db
          .insertInto('app_transfers')
          .values({
            id,
            app_id: appId,
            owner_id: ownerId,
            recipient_id: recipientId,
            state,
            created_at: now,
            updated_at: now,
          })
          .execute();
        return toTransfer(await transfers(db).where('app_transfers.id', '=', id).executeTakeFirstOrThrow());
      }),
    list: async (accountId) => {
      const rows = await transfers(read)
        .where((eb) =>
          eb.or([eb('app_transfers.owner_id', '=', accountId), eb('app_transfers.recipient_id', '=', accountId)]),
        )
        .execute();
      return rows.map(toTransfer);
    },
    listPending: async (appId) => {
      const rows = await transfers(read)
        .where('app_transfers.app_id', '=', appId)
        .where('app_transfers.state', '=', 'pending')
        .execute();
      return rows.map(toTransfer);
    },
    answer: (id, state) =>
      write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('app_transfers')
          .set({ state, updated_at: toTime(new Date()) })
          .where('id', '=', id)
          .where('state', 'in', statesBefore(stateMachines.appTransfer, state))
          .where('state', '<>', state)
          .executeTakeFirstOrThrow();
        return numUpdatedRows === 1n;
      }),
    delete: (id) =>
      write(async (db) => {
        await db.deleteFrom('app_transfers').where('id', '=', id).execute();
      }),
  };
}

function transfers(db: Kysely<Schema>) {
  return db
    .selectFrom('app_transfers')
    .innerJoin('apps', 'apps.id', 'app_transfers.app_id')
    .innerJoin('accounts as owners', 'owners.id', 'app_transfers.owner_id')
    .innerJoin('accounts as recipients', 'recipients.id', 'app_transfers.recipient_id')
    .selectAll('app_transfers')
    .select(['apps.name as app_name', 'owners.email as owner_email', 'recipients.email as recipient_email'])
    .orderBy('app_transfers.created_at')
    .orderBy('app_transfers.id');
}

function toTransfer(row: Awaited<ReturnType<ReturnType<typeof transfers>['executeTakeFirstOrThrow']>>): AppTransfer {
  return {
    id: row.id as AppTransferId,
    appId: row.app_id as AppId,
    appName: row.app_name,
    ownerId: row.owner_id as AccountId,
    ownerEmail: row.owner_email,
    recipientId: row.recipient_id as AccountId,
    recipientEmail: row.recipient_email,
    state: row.state as AppTransfer['state'],
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
