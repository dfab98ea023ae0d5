export type { SerializeResource } from './event-payload.ts';
export { openTarget, parseWebhookUrl, sealTarget, type WebhookTarget } from './webhook-target.ts';
export { Notices } from './notices.ts';
export { Webhooks, type WebhookLimits } from './webhooks.ts';
