import type { AppId, WebhookDeliveryId, WebhookEventId, WebhookId } from '../model/ids.ts';
import type {
  Webhook,
  WebhookAttempt,
  WebhookDelivery,
  WebhookDeliveryStatus,
  WebhookEvent,
} from '../model/webhook.ts';

export interface WebhookQueries {
  /** Throws `not_found` when the app is gone. */
  create(webhook: Omit<Webhook, 'createdAt' | 'updatedAt'>): Promise<Webhook>;
  /** In order of their creation. */
  list(appId: AppId): Promise<readonly Webhook[]>;
  /** Also one whose app is gone, which still has that to tell. */
  findWithDeleted(id: WebhookId): Promise<Webhook | null>;
  /** Throws `not_found`. */
  update(
    id: WebhookId,
    change: Partial<Pick<Webhook, 'include' | 'level' | 'sealedTarget' | 'mayReachLoopback'>>,
  ): Promise<Webhook>;
  /** With its deliveries. */
  delete(id: WebhookId): Promise<void>;
}

/** Events come to be in the transactions of what they tell of: nobody creates them through this. */
export interface WebhookEventQueries {
  /** The newest first, at most 1,000. */
  list(appId: AppId): Promise<readonly WebhookEvent[]>;
  find(id: WebhookEventId): Promise<WebhookEvent | null>;
  /** The first payload stays. */
  setPayload(id: WebhookEventId, payload: object): Promise<void>;
  /** Removes events before `before`, each app's beyond the newest `keep`, and what nothing refers to any more. */
  purge(before: Date, keep: number): Promise<void>;
}

export interface WebhookDeliveryQueries {
  list(
    appId: AppId,
    options: { readonly status?: WebhookDeliveryStatus; readonly order: 'asc' | 'desc'; readonly max: number },
  ): Promise<readonly WebhookDelivery[]>;
  find(id: WebhookDeliveryId): Promise<WebhookDelivery | null>;
  /** To be attempted by now, the most urgent first, but for these webhooks. */
  listDue(now: Date, except: readonly WebhookId[], max: number): Promise<readonly WebhookDelivery[]>;
  /** When the next one is due, but for these webhooks; null: none is. */
  nextDueAt(except: readonly WebhookId[]): Promise<Date | null>;
  /** What came of an attempt, or that one is under way. Nothing happens when the delivery is gone. */
  save(
    id: WebhookDeliveryId,
    state: {
      readonly status: WebhookDeliveryStatus;
      readonly attempts: number;
      readonly lastAttempt: WebhookAttempt | null;
      readonly nextAttemptAt: Date | null;
    },
  ): Promise<void>;
}
