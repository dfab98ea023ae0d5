import { PlatformError } from '../errors/platform-error.ts';
import { parseHttpTarget, urlProblem, type HttpTarget } from '../lib/http-target.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import type { Webhook } from '../model/webhook.ts';

/** What is secret of a webhook. */
export interface WebhookTarget {
  /** May hold a password. */
  readonly url: string;
  /** Signs what is sent. */
  readonly secret: string;
  /** The `Authorization` header, as its owner wants it. */
  readonly authorization: string | null;
}

/** Throws `invalid_params`; the URL is never part of the message. */
export function parseWebhookUrl(url: string): HttpTarget {
  const problem = urlProblem(url);
  const target = problem ?? parseHttpTarget(url);
  if (typeof target === 'string') throw new PlatformError('invalid_params', `Invalid value for url: it ${target}.`);
  return target;
}

export function sealTarget(id: Webhook['id'], target: WebhookTarget, box: SecretBox): Uint8Array {
  return box.seal(contextOf(id), JSON.stringify(target));
}

export function openTarget(webhook: Pick<Webhook, 'id' | 'sealedTarget'>, box: SecretBox): WebhookTarget {
  return JSON.parse(box.open(contextOf(webhook.id), webhook.sealedTarget)) as WebhookTarget;
}

function contextOf(id: Webhook['id']): string {
  return `webhook:${id}`;
}
