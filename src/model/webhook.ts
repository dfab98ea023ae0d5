import type { AccountId, AppId, WebhookDeliveryId, WebhookEventId, WebhookId } from './ids.ts';

/** What a webhook can be told of. Source: https://devcenter.heroku.com/articles/app-webhooks#step-2-determine-which-events-to-subscribe-to */
export const webhookEntities = [
  'api:addon',
  'api:addon-attachment',
  'api:app',
  'api:build',
  'api:collaborator',
  'api:domain',
  'api:dyno',
  'api:formation',
  'api:release',
  'api:sni-endpoint',
] as const;

export type WebhookEntity = (typeof webhookEntities)[number];

/** `notify`: one attempt. `sync`: until it is taken, for 72 hours at most. */
export type WebhookLevel = 'notify' | 'sync';

/** Somebody's wish to be told by HTTP of what happens to an app. */
export interface Webhook {
  readonly id: WebhookId;
  readonly appId: AppId;
  readonly include: readonly WebhookEntity[];
  readonly level: WebhookLevel;
  /** Encrypted JSON of URL, signing secret and Authorization header. */
  readonly sealedTarget: Uint8Array;
  /** Made by the operator, who may call this machine's own addresses. */
  readonly mayReachLoopback: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type WebhookAction = 'create' | 'update' | 'destroy';

/** Something that happened, written in the transaction in which it did. */
export interface WebhookEvent {
  readonly id: WebhookEventId;
  /** Grows with every event of the platform. */
  readonly number: number;
  readonly appId: AppId;
  readonly include: WebhookEntity;
  readonly action: WebhookAction;
  readonly actor: { readonly id: AccountId; readonly email: string };
  /** The app, the thing and what it was before, as the model has them (times as ISO 8601 text). */
  readonly snapshot: { readonly app: object; readonly current: object; readonly previous: object | null };
  /** As clients are told; null until somebody asked. */
  readonly payload: object | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type WebhookDeliveryStatus = 'pending' | 'scheduled' | 'retrying' | 'failed' | 'succeeded';

export interface WebhookAttempt {
  readonly id: string;
  /** `scheduled`: under way, or cut short by the end of the platform. */
  readonly status: 'scheduled' | 'succeeded' | 'failed';
  /** Of the answer; null when there was none. */
  readonly code: number | null;
  readonly errorClass: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** One event on its way to one webhook. */
export interface WebhookDelivery {
  readonly id: WebhookDeliveryId;
  /** Grows with every delivery of the platform. */
  readonly number: number;
  readonly appId: AppId;
  readonly webhookId: WebhookId;
  readonly level: WebhookLevel;
  readonly event: { readonly id: WebhookEventId; readonly include: WebhookEntity };
  readonly status: WebhookDeliveryStatus;
  readonly attempts: number;
  readonly lastAttempt: WebhookAttempt | null;
  /** Null: there will be none. */
  readonly nextAttemptAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
