import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { AccountId, AppId, WebhookEventId } from '../../model/ids.ts';
import type { WebhookAction, WebhookEntity, WebhookEvent } from '../../model/webhook.ts';
import { fromJson, fromTime, toJson, toText, toTime } from '../codecs.ts';
import { nextNumber, type Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';
import type { WebhookEventQueries } from '../webhook-store.ts';

const maxListed = 1000;

export function webhookEventQueries({ read, write }: Handle): WebhookEventQueries {
  return {
    list: async (appId) => {
      const rows = await events(read).where('app_id', '=', appId).orderBy('number', 'desc').limit(maxListed).execute();
      return rows.map(toEvent);
    },
    find: async (id) => {
      const row = await events(read).where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toEvent(row);
    },
    setPayload: (id, payload) =>
      write(async (db) => {
        await db
          .updateTable('webhook_events')
          .set({ payload: toJson(payload), updated_at: toTime(new Date()) })
          .where('id', '=', id)
          .where('payload', 'is', null)
          .execute();
      }),
    purge: (before, keep) => write((db) => purge(db, before, keep)),
  };
}

async function purge(db: Transaction<Schema>, before: Date, keep: number): Promise<void> {
  await db.deleteFrom('webhook_events').where('created_at', '<', toTime(before)).execute();
  const apps = await db
    .selectFrom('webhook_events')
    .select('app_id')
    .groupBy('app_id')
    .having((eb) => eb.fn.countAll(), '>', keep)
    .execute();
  for (const { app_id: appId } of apps) {
    const oldest = await db
      .selectFrom('webhook_events')
      .select('number')
      .where('app_id', '=', appId)
      .orderBy('number', 'desc')
      .offset(keep - 1)
      .limit(1)
      .executeTakeFirst();
    if (oldest === undefined) continue;
    await db.deleteFrom('webhook_events').where('app_id', '=', appId).where('number', '<', oldest.number).execute();
  }
  // Their apps are gone, and everybody has been told.
  await db
    .deleteFrom('webhooks')
    .where('deleted_at', 'is not', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('webhook_deliveries')
            .select('webhook_deliveries.id')
            .whereRef('webhook_deliveries.webhook_id', '=', 'webhooks.id')
            .where('webhook_deliveries.next_attempt_at', 'is not', null),
        ),
      ),
    )
    .execute();
}

export interface NewEvent {
  readonly appId: AppId;
  readonly include: WebhookEntity;
  readonly action: WebhookAction;
  readonly actor: { readonly id: AccountId; readonly email: string };
  readonly snapshot: WebhookEvent['snapshot'];
}

/** The event and its deliveries to these webhooks, due at once. */
export async function insertEvent(
  db: Transaction<Schema>,
  event: NewEvent,
  webhooks: readonly { readonly id: string; readonly level: string }[],
): Promise<void> {
  const now = toTime(new Date());
  const id = randomUUID();
  await db
    .insertInto('webhook_events')
    .values({
      id,
      number: await nextNumber(db, 'webhook'),
      app_id: event.appId,
      include: event.include,
      action: event.action,
      actor_id: event.actor.id,
      actor_email: event.actor.email,
      snapshot: toText(toJson(event.snapshot)),
      payload: null,
      created_at: now,
      updated_at: now,
    })
    .execute();
  for (const webhook of webhooks) {
    await db
      .insertInto('webhook_deliveries')
      .values({
        id: randomUUID(),
        number: await nextNumber(db, 'webhook'),
        app_id: event.appId,
        webhook_id: webhook.id,
        event_id: id,
        level: webhook.level,
        status: 'pending',
        attempts: 0,
        last_attempt: null,
        next_attempt_at: now,
        created_at: now,
        updated_at: now,
      })
      .execute();
  }
}

function events(db: Kysely<Schema>) {
  return db.selectFrom('webhook_events').selectAll();
}

function toEvent(row: Selectable<Schema['webhook_events']>): WebhookEvent {
  return {
    id: row.id as WebhookEventId,
    number: row.number,
    appId: row.app_id as AppId,
    include: row.include as WebhookEntity,
    action: row.action as WebhookAction,
    actor: { id: row.actor_id as AccountId, email: row.actor_email },
    snapshot: fromJson(row.snapshot) as WebhookEvent['snapshot'],
    payload: row.payload === null ? null : (fromJson(row.payload) as object),
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  };
}
