import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { WebhookDeliveryId, WebhookEventId } from '../model/ids.ts';
import type { WebhookDelivery, WebhookDeliveryStatus, WebhookEvent } from '../model/webhook.ts';
import type { ApiCall } from './api-call.ts';
import { invalidField } from './body.ts';
import { withApp, type Routes } from './route.ts';
import { parseRange, sendPage } from './send-page.ts';
import { timestamp } from './timestamp.ts';

const statuses = ['pending', 'scheduled', 'retrying', 'failed', 'succeeded'] as const;
const maxListed = 1000;

/** What webhooks were told, and what became of it. */
export const webhookDeliveryRoutes: Routes = {
  'GET /apps/:app/webhook-deliveries': withApp('operate', listDeliveries),
  'GET /apps/:app/webhook-deliveries/:delivery': withApp('operate', async (call, app) => {
    const delivery = await call.platform.store.webhookDeliveries.find(idOf(call, 'delivery') as WebhookDeliveryId);
    if (delivery?.appId === app.id) return serializeDelivery(delivery);
    throw new PlatformError('not_found', "Couldn't find that webhook delivery.", { resource: 'webhook_delivery' });
  }),
  'GET /apps/:app/webhook-events': withApp('operate', async (call, app) => {
    const events = await call.platform.store.webhookEvents.list(app.id);
    const page = sendPage(call, events, { id: (event: WebhookEvent) => event.id }, (event) => event) as WebhookEvent[];
    return Promise.all(page.map((event) => serializeEvent(call, event)));
  }),
  'GET /apps/:app/webhook-events/:event': withApp('operate', async (call, app) => {
    const event = await call.platform.store.webhookEvents.find(idOf(call, 'event') as WebhookEventId);
    if (event?.appId === app.id) return serializeEvent(call, event);
    throw new PlatformError('not_found', "Couldn't find that webhook event.", { resource: 'webhook_event' });
  }),
};

/** The newest or oldest first: only so many are read, because there may be thousands. */
async function listDeliveries(call: ApiCall, app: App): Promise<unknown> {
  const fields = {
    seq: (delivery: WebhookDelivery) => delivery.number,
    id: (delivery: WebhookDelivery) => delivery.id,
  };
  const { order } = parseRange(call.request.headers.range, ['seq', 'id']);
  const status = parseStatus(call.query('eq[status]'));
  const deliveries = await call.platform.store.webhookDeliveries.list(app.id, {
    order,
    max: maxListed,
    ...(status === undefined ? {} : { status }),
  });
  return sendPage(call, deliveries, fields, serializeDelivery);
}

function parseStatus(wanted: string | undefined): WebhookDeliveryStatus | undefined {
  if (wanted === undefined) return undefined;
  const status = statuses.find((known) => known === wanted);
  if (status === undefined) throw invalidField('eq[status]', `must be one of ${statuses.join(', ')}`);
  return status;
}

function idOf(call: ApiCall, name: string): string {
  return call.param(name).toLowerCase().slice(0, 100);
}

async function serializeEvent(call: ApiCall, event: WebhookEvent): Promise<unknown> {
  return {
    id: event.id,
    include: event.include,
    payload: await call.platform.webhooks.payloadOf(event),
    created_at: timestamp(event.createdAt),
    updated_at: timestamp(event.updatedAt),
  };
}

function serializeDelivery(delivery: WebhookDelivery): unknown {
  const { lastAttempt, nextAttemptAt } = delivery;
  return {
    id: delivery.id,
    event: delivery.event,
    webhook: { id: delivery.webhookId, level: delivery.level },
    status: delivery.status,
    num_attempts: delivery.attempts,
    next_attempt_at: nextAttemptAt === null ? null : timestamp(nextAttemptAt),
    last_attempt:
      lastAttempt === null
        ? null
        : {
            id: lastAttempt.id,
            code: lastAttempt.code,
            error_class: lastAttempt.errorClass,
            status: lastAttempt.status,
            created_at: timestamp(lastAttempt.createdAt),
            updated_at: timestamp(lastAttempt.updatedAt),
          },
    created_at: timestamp(delivery.createdAt),
    updated_at: timestamp(delivery.updatedAt),
  };
}
