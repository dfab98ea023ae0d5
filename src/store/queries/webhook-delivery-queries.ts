import type { Kysely, Selectable } from 'kysely';
import type { AppId, WebhookDeliveryId, WebhookEventId, WebhookId } from '../../model/ids.ts';
import type {
  WebhookAttempt,
  WebhookDelivery,
  WebhookDeliveryStatus,
  WebhookEntity,
  WebhookLevel,
} from '../../model/webhook.ts';
import { stateMachines, statesBefore } from '../../model/state-machines.ts';
import { fromJson, fromTime, fromTimeOrNull, toJson, toTime, toTimeOrNull } from '../codecs.ts';
import type { Handle } from '../handle.ts';
import { noSuchStep } from '../no-such-step.ts';
import type { Schema } from '../schema.ts';
import type { WebhookDeliveryQueries } from '../webhook-store.ts';

export function webhookDeliveryQueries({ read, write }: Handle): WebhookDeliveryQueries {
  return {
    list: async (appId, { status, order, max }) => {
      let query = deliveries(read).where('webhook_deliveries.app_id', '=', appId);
      if (status !== undefined) query = query.where('webhook_deliveries.status', '=', status);
      const rows = await query.orderBy('webhook_deliveries.number', order).limit(max).execute();
      return rows.map(toDelivery);
    },
    find: async (id) => {
      const row = await deliveries(read).where('webhook_deliveries.id', '=', id).executeTakeFirst();
      return row === undefined ? null : toDelivery(row);
    },
    listDue: async (now, except, max) => {
      let query = deliveries(read).where('webhook_deliveries.next_attempt_at', '<=', toTime(now));
      if (except.length > 0) query = query.where('webhook_deliveries.webhook_id', 'not in', except);
      const rows = await query
        .orderBy('webhook_deliveries.next_attempt_at')
        .orderBy('webhook_deliveries.number')
        .limit(max)
        .execute();
      return rows.map(toDelivery);
    },
    nextDueAt: async (except) => {
      let query = read
        .selectFrom('webhook_deliveries')
        .select('next_attempt_at')
        .where('next_attempt_at', 'is not', null);
      if (except.length > 0) query = query.where('webhook_id', 'not in', except);
      const row = await query.orderBy('next_attempt_at').limit(1).executeTakeFirst();
      return fromTimeOrNull(row?.next_attempt_at ?? null);
    },
    save: (id, state) =>
      write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('webhook_deliveries')
          .set({
            status: state.status,
            attempts: state.attempts,
            last_attempt: state.lastAttempt === null ? null : toJson(state.lastAttempt),
            next_attempt_at: toTimeOrNull(state.nextAttemptAt),
            updated_at: toTime(new Date()),
          })
          .where('id', '=', id)
          .where('status', 'in', statesBefore(stateMachines.webhookDelivery, state.status))
          .executeTakeFirstOrThrow();
        if (numUpdatedRows > 0n) return;
        // One that is gone with its webhook has no state any more.
        const found = await db
          .selectFrom('webhook_deliveries')
          .select('status')
          .where('id', '=', id)
          .executeTakeFirst();
        if (found !== undefined) throw noSuchStep('webhookDelivery', found.status, state.status);
      }),
  };
}

function deliveries(db: Kysely<Schema>) {
  return db
    .selectFrom('webhook_deliveries')
    .innerJoin('webhook_events', 'webhook_events.id', 'webhook_deliveries.event_id')
    .selectAll('webhook_deliveries')
    .select('webhook_events.include as include');
}

function toDelivery(row: Selectable<Schema['webhook_deliveries']> & { include: string }): WebhookDelivery {
  return {
    id: row.id as WebhookDeliveryId,
    number: row.number,
    appId: row.app_id as AppId,
    webhookId: row.webhook_id as WebhookId,
    level: row.level as WebhookLevel,
    event: { id: row.event_id as WebhookEventId, include: row.include as WebhookEntity },
    status: row.status as WebhookDeliveryStatus,
    attempts: row.attempts,
    lastAttempt: row.last_attempt === null ? null : toAttempt(row.last_attempt),
    nextAttemptAt: fromTimeOrNull(row.next_attempt_at),
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}

function toAttempt(json: string): WebhookAttempt {
  const attempt = fromJson(json) as Omit<WebhookAttempt, 'createdAt' | 'updatedAt'> &
    Record<'createdAt' | 'updatedAt', string>;
  return { ...attempt, createdAt: fromTime(attempt.createdAt), updatedAt: fromTime(attempt.updatedAt) };
}
