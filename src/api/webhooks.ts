import { PlatformError } from '../errors/platform-error.ts';
import { addWebhook, changeWebhook, listWebhooks, type OpenWebhook, type WebhookRequest } from '../lifecycle/index.ts';
import type { App } from '../model/app.ts';
import { webhookEntities, type WebhookEntity, type WebhookLevel } from '../model/webhook.ts';
import type { ApiCall } from './api-call.ts';
import { invalidField, objectBody, stringField, type JsonObject } from './body.ts';
import { withApp, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { timestamp } from './timestamp.ts';

const secretHeader = 'heroku-webhook-secret';

export const webhookRoutes: Routes = {
  'GET /apps/:app/webhooks': withApp('operate', async (call, app) => {
    const webhooks = await listWebhooks(app, call.platform);
    return sendPage(call, webhooks, { id: (webhook: OpenWebhook) => webhook.id }, (webhook) => serialize(app, webhook));
  }),
  'POST /apps/:app/webhooks': withApp('operate', async (call, app) => {
    const { include, level, url, secret = null, authorization = null } = parse(call.body);
    if (include === undefined) throw invalidField('include', 'must list what to be told of, such as ["api:release"]');
    if (level === undefined) throw invalidField('level', 'must be notify or sync');
    if (url === undefined) throw invalidField('url', 'must be the https:// address of a receiver');
    const request = { include, level, url, secret, authorization };
    const added = await addWebhook(app, request, call.actor, call.platform);
    call.reply.code(201);
    call.reply.header(secretHeader, added.secret);
    return serialize(app, added.webhook);
  }),
  'GET /apps/:app/webhooks/:webhook': withApp('operate', async (call, app) =>
    serialize(app, await findWebhook(call, app)),
  ),
  'PATCH /apps/:app/webhooks/:webhook': withApp('operate', async (call, app) => {
    const webhook = await findWebhook(call, app);
    const changed = await changeWebhook(webhook, parse(call.body), call.actor, call.platform);
    if (changed.newSecret !== null) call.reply.header(secretHeader, changed.newSecret);
    return serialize(app, changed.webhook);
  }),
  'DELETE /apps/:app/webhooks/:webhook': withApp('operate', async (call, app) => {
    const webhook = await findWebhook(call, app);
    await call.platform.store.webhooks.delete(webhook.id);
    return serialize(app, webhook);
  }),
};

async function findWebhook(call: ApiCall, app: App): Promise<OpenWebhook> {
  const which = call.param('webhook').toLowerCase();
  const webhook = (await listWebhooks(app, call.platform)).find(({ id }) => id === which);
  if (webhook !== undefined) return webhook;
  throw new PlatformError('not_found', "Couldn't find that webhook.", { resource: 'webhook' });
}

function parse(json: unknown): Partial<WebhookRequest> {
  const body = objectBody(json);
  const include = parseInclude(body);
  const level = parseLevel(stringField(body, 'level'));
  const url = stringField(body, 'url', 2048);
  return {
    ...(include === undefined ? {} : { include }),
    ...(level === undefined ? {} : { level }),
    ...(url === undefined ? {} : { url }),
    ...nullable(body, 'secret', 1000),
    ...nullable(body, 'authorization', 4000),
  };
}

function parseInclude(body: JsonObject): readonly WebhookEntity[] | undefined {
  const value = body['include'];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.length === 0)
    throw invalidField('include', 'must be a list with at least one entry');
  if (value.length > 50) throw invalidField('include', 'must have at most 50 entries');
  return [...new Set(value.map(parseEntity))];
}

/** Early users wrote `dyno` for `api:dyno`, and the CLI's own help still does. */
function parseEntity(value: unknown): WebhookEntity {
  const entity = webhookEntities.find((known) => known === value || known === `api:${String(value)}`);
  if (entity !== undefined) return entity;
  throw invalidField('include', `must list entries among ${webhookEntities.join(', ')}`);
}

function parseLevel(level: string | undefined): WebhookLevel | undefined {
  if (level === undefined || level === 'notify' || level === 'sync') return level;
  throw invalidField('level', 'must be notify or sync');
}

/** Null means something else than absence here. What becomes a header, or signs one, has no line ends. */
function nullable<Name extends 'secret' | 'authorization'>(
  body: JsonObject,
  name: Name,
  maxLength: number,
): Partial<Record<Name, string | null>> {
  if (!Object.hasOwn(body, name)) return {};
  const value = stringField(body, name, maxLength) ?? null;
  if (value !== null && !/^[\x20-\x7e]+$/.test(value)) {
    throw invalidField(name, 'must consist of printable ASCII characters, and of at least one');
  }
  return { [name]: value } as Partial<Record<Name, string | null>>;
}

function serialize(app: App, webhook: OpenWebhook): unknown {
  return {
    id: webhook.id,
    app: { id: app.id, name: app.name },
    include: webhook.include,
    level: webhook.level,
    url: webhook.url,
    created_at: timestamp(webhook.createdAt),
    updated_at: timestamp(webhook.updatedAt),
  };
}
