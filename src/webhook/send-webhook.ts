import type { Outbound } from '../lib/outbound.ts';
import type { Webhook, WebhookDelivery } from '../model/webhook.ts';
import { signedPost, type Attempted } from './signed-post.ts';
import type { WebhookTarget } from './webhook-target.ts';

/** One delivery of an event, once. */
export function sendWebhook(
  request: {
    readonly webhook: Webhook;
    readonly target: WebhookTarget;
    readonly delivery: WebhookDelivery;
    readonly payload: object;
    readonly attemptId: string;
  },
  outbound: Outbound,
  signal: AbortSignal,
): Promise<Attempted> {
  const { webhook, target, delivery } = request;
  const payload = {
    ...request.payload,
    webhook_metadata: {
      attempt: { id: request.attemptId },
      delivery: { id: delivery.id },
      event: delivery.event,
      webhook: { id: webhook.id },
    },
  };
  return signedPost({ ...target, mayReachLoopback: webhook.mayReachLoopback }, payload, outbound, signal);
}
