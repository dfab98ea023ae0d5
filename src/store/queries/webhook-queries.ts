import type { Kysely, Selectable } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { AppId, WebhookId } from '../../model/ids.ts';
import type { Webhook, WebhookEntity, WebhookLevel } from '../../model/webhook.ts';
import { fromFlag, fromJson, fromTime, toFlag, toJson, toTime } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { WebhookQueries } from '../webhook-store.ts';

export function webhookQueries({ read, write }: Handle): WebhookQueries {
  return {
    create: (webhook) =>
      write(async (db) => {
        const app = await db.selectFrom('apps').select('id').where('id', '=', webhook.appId).executeTakeFirst();
        if (app === undefined) throw new PlatformError('not_found', "Couldn't find that app.", { resource: 'app' });
        const now = toTime(new Date());
        const row = {
          id: webhook.id,
          app_id: webhook.appId,
          include: toJson(webhook.include),
          level: webhook.level,
          target: webhook.sealedTarget,
          may_reach_loopback: toFlag(webhook.mayReachLoopback),
          created_at: now,
          updated_at: now,
          deleted_at: null,
        };
        await db.insertInto('webhooks').values(row).execute();
        return toWebhook(row);
      }),
    list: async (appId) => {
      const rows = await present(read).where('app_id', '=', appId).orderBy('created_at').orderBy('id').execute();
      return rows.map(toWebhook);
    },
    findWithDeleted: async (id) => {
      const row = await read.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toWebhook(row);
    },
    update: (id, change) =>
      write(async (db) => {
        const row = await db
          .updateTable('webhooks')
          .set({
            ...(change.include !== undefined && { include: toJson(change.include) }),
            ...(change.level !== undefined && { level: change.level }),
            ...(change.sealedTarget !== undefined && { target: change.sealedTarget }),
            ...(change.mayReachLoopback !== undefined && { may_reach_loopback: toFlag(change.mayReachLoopback) }),
            updated_at: toTime(new Date()),
          })
          .where('id', '=', id)
          .where('deleted_at', 'is', null)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) {
          throw new PlatformError('not_found', "Couldn't find that webhook.", { resource: 'webhook' });
        }
        return toWebhook(row);
      }),
    delete: (id) =>
      write(async (db) => {
        await db.deleteFrom('webhooks').where('id', '=', id).execute();
      }),
  };
}

function present(db: Kysely<Schema>) {
  return db.selectFrom('webhooks').selectAll().where('deleted_at', 'is', null);
}

function toWebhook(row: Selectable<Schema['webhooks']>): Webhook {
  return {
    id: row.id as WebhookId,
    appId: row.app_id as AppId,
    include: fromJson(row.include) as readonly WebhookEntity[],
    level: row.level as WebhookLevel,
    sealedTarget: row.target,
    mayReachLoopback: fromFlag(row.may_reach_loopback),
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
