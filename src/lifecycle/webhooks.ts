import { randomBytes, randomUUID } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import type { Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { WebhookId } from '../model/ids.ts';
import type { Webhook, WebhookEntity, WebhookLevel } from '../model/webhook.ts';
import { openTarget, parseWebhookUrl, sealTarget, type WebhookTarget } from '../webhook/index.ts';
import { refuseForbidden } from './log-drains.ts';
import type { Platform } from './platform.ts';

/** Source: https://devcenter.heroku.com/articles/app-webhooks, "Limits" */
const maxWebhooksPerApp = 10;

/** A webhook with its URL, as its app's members may see it. */
export interface OpenWebhook extends Webhook {
  readonly url: string;
}

export interface WebhookRequest {
  readonly include: readonly WebhookEntity[];
  readonly level: WebhookLevel;
  readonly url: string;
  /** Null: one is made. */
  readonly secret: string | null;
  readonly authorization: string | null;
}

type WebhookTools = Pick<Platform, 'store' | 'secretBox' | 'outbound'>;

/** From now on the webhook is told of what happens to the app. The secret is told this once. Throws `invalid_params`. */
export async function addWebhook(
  app: App,
  request: WebhookRequest,
  actor: Actor,
  platform: WebhookTools,
): Promise<{ webhook: OpenWebhook; secret: string }> {
  const mayReachLoopback = await checkUrl(request.url, actor, platform);
  const id = randomUUID() as WebhookId;
  const secret = request.secret ?? newSecret();
  const target = { url: request.url, secret, authorization: request.authorization };
  const webhook = await platform.store.transaction(async (tx) => {
    const present = await tx.webhooks.list(app.id);
    if (present.length >= maxWebhooksPerApp) {
      throw new PlatformError(
        'invalid_params',
        `This app has ${present.length} webhooks, and ${maxWebhooksPerApp} are allowed. Remove one with heroku webhooks:remove first.`,
      );
    }
    const { include, level } = request;
    const sealedTarget = sealTarget(id, target, platform.secretBox);
    return tx.webhooks.create({ id, appId: app.id, include, level, sealedTarget, mayReachLoopback });
  });
  return { webhook: { ...webhook, url: request.url }, secret };
}

export async function listWebhooks(app: App, platform: WebhookTools): Promise<readonly OpenWebhook[]> {
  const webhooks = await platform.store.webhooks.list(app.id);
  return webhooks.map((webhook) => ({ ...webhook, url: openTarget(webhook, platform.secretBox).url }));
}

/** What is absent stays. A secret of null is replaced by a new one. Throws `invalid_params`, `not_found`. */
export async function changeWebhook(
  webhook: Webhook,
  change: Partial<WebhookRequest>,
  actor: Actor,
  platform: WebhookTools,
): Promise<{ webhook: OpenWebhook; newSecret: string | null }> {
  const mayReachLoopback =
    change.url === undefined ? webhook.mayReachLoopback : await checkUrl(change.url, actor, platform);
  const before = openTarget(webhook, platform.secretBox);
  const secret = change.secret === undefined ? null : (change.secret ?? newSecret());
  const target: WebhookTarget = {
    url: change.url ?? before.url,
    secret: secret ?? before.secret,
    authorization: change.authorization === undefined ? before.authorization : change.authorization,
  };
  const changed = await platform.store.webhooks.update(webhook.id, {
    ...(change.include === undefined ? {} : { include: change.include }),
    ...(change.level === undefined ? {} : { level: change.level }),
    sealedTarget: sealTarget(webhook.id, target, platform.secretBox),
    mayReachLoopback,
  });
  return { webhook: { ...changed, url: target.url }, newSecret: secret };
}

async function checkUrl(url: string, actor: Actor, platform: WebhookTools): Promise<boolean> {
  const { host, port } = parseWebhookUrl(url);
  const operator = await platform.store.accounts.findFirst();
  const mayReachLoopback = operator?.id === actor.accountId;
  refuseForbidden(() => {
    platform.outbound.check({ host, port, mayReachLoopback });
  });
  return mayReachLoopback;
}

function newSecret(): string {
  return randomBytes(32).toString('hex');
}
