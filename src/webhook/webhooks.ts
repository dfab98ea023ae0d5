import { randomUUID } from 'node:crypto';
import type { Logger } from '../log.ts';
import type { Outbound } from '../lib/outbound.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import type { WebhookId } from '../model/ids.ts';
import type { WebhookAttempt, WebhookDelivery, WebhookEvent } from '../model/webhook.ts';
import type { Store } from '../store/index.ts';
import { eventPayload, type SerializeResource } from './event-payload.ts';
import { defaultPatience, hourMs, nextAttempt, type Patience } from './patience.ts';
import { sendWebhook } from './send-webhook.ts';
import type { Attempted } from './signed-post.ts';
import { openTarget } from './webhook-target.ts';

export interface WebhookLimits extends Patience {
  /** Attempts at once, on the whole platform. */
  readonly maxAtOnce: number;
  /** How long events are shown. */
  readonly keepMs: number;
  readonly maxEventsPerApp: number;
}

const defaultLimits: WebhookLimits = {
  ...defaultPatience,
  maxAtOnce: 8,
  keepMs: 7 * 24 * hourMs,
  maxEventsPerApp: 5_000,
};

export interface WebhookParts {
  readonly store: Store;
  readonly box: SecretBox;
  readonly outbound: Outbound;
  readonly log: Logger;
  readonly limits?: Partial<WebhookLimits>;
}

/**
 * Delivers what the store has noted for webhooks. Rows are all its state: a restart goes on with what is due. Several
 * webhooks are served side by side, each of them one delivery at a time.
 */
export class Webhooks implements AsyncDisposable {
  readonly #parts: WebhookParts;
  readonly #limits: WebhookLimits;
  readonly #closing = new AbortController();
  readonly #underWay = new Map<WebhookId, Promise<void>>();
  #serialize: SerializeResource | null = null;
  #timer: NodeJS.Timeout | null = null;
  #purgeTimer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #lookAgain = false;

  constructor(parts: WebhookParts) {
    this.#parts = parts;
    this.#limits = { ...defaultLimits, ...parts.limits };
  }

  /** Nothing is delivered before. */
  async start(serialize: SerializeResource): Promise<void> {
    this.#serialize = serialize;
    await this.#purge();
    this.#purgeTimer = setInterval(() => {
      void this.#purge();
    }, hourMs);
    this.#parts.store.onWebhookEvents(() => {
      this.#look();
    });
    this.#look();
  }

  /** As clients are told; it stays what it was at first. */
  async payloadOf(event: WebhookEvent): Promise<object> {
    if (event.payload !== null) return event.payload;
    if (this.#serialize === null) throw new Error('Internal: webhooks are asked before they are started');
    await this.#parts.store.webhookEvents.setPayload(event.id, await eventPayload(event, this.#serialize));
    return (await this.#parts.store.webhookEvents.find(event.id))?.payload ?? {};
  }

  /** Attempts under way are cut short; those of `sync` are made again after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#purgeTimer !== null) clearInterval(this.#purgeTimer);
    this.#parts.store.onWebhookEvents(() => undefined);
    await this.#looking;
    await Promise.all(this.#underWay.values());
  }

  // Private

  /** Looks for what is due; one look at a time, and one more when something came meanwhile. */
  #look(): void {
    if (this.#closing.signal.aborted) return;
    this.#lookAgain = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = null;
    });
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#lookAgain && !this.#closing.signal.aborted) {
      this.#lookAgain = false;
      try {
        await this.#beginDue();
      } catch (error) {
        this.#parts.log.error({ err: error }, 'webhook deliveries could not be looked up');
        this.#lookAt(new Date(Date.now() + this.#limits.retryMs));
      }
    }
  }

  /** Begins the most urgent delivery of each webhook that has none under way. */
  async #beginDue(): Promise<void> {
    const { webhookDeliveries } = this.#parts.store;
    while (this.#underWay.size < this.#limits.maxAtOnce) {
      const busy = [...this.#underWay.keys()];
      const [delivery] = await webhookDeliveries.listDue(new Date(), busy, 1);
      if (delivery === undefined) {
        const next = await webhookDeliveries.nextDueAt(busy);
        if (next !== null) this.#lookAt(next);
        return;
      }
      this.#begin(delivery);
    }
  }

  #begin(delivery: WebhookDelivery): void {
    const delivered = this.#deliver(delivery)
      .catch((error: unknown) => {
        if (this.#closing.signal.aborted) return;
        this.#parts.log.error({ err: error, delivery: delivery.id }, 'a webhook delivery failed within the platform');
        // Not at once: the reason may last.
        return this.#finish(delivery, { code: null, errorClass: 'PlatformError' }, newAttempt());
      })
      .catch((error: unknown) => {
        this.#parts.log.error({ err: error, delivery: delivery.id }, 'a webhook delivery could not be put off');
      })
      .finally(() => {
        this.#underWay.delete(delivery.webhookId);
        this.#look();
      });
    this.#underWay.set(delivery.webhookId, delivered);
  }

  #lookAt(time: Date): void {
    if (this.#closing.signal.aborted) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const waitMs = Math.min(hourMs, Math.max(20, time.getTime() - Date.now()));
    this.#timer = setTimeout(() => {
      this.#look();
    }, waitMs);
  }

  async #deliver(delivery: WebhookDelivery): Promise<void> {
    const { store, box, outbound } = this.#parts;
    // The platform ended in the middle of the one attempt that there was to be.
    if (delivery.level === 'notify' && delivery.lastAttempt !== null) {
      await this.#finish(delivery, { code: null, errorClass: 'Interrupted' }, delivery.lastAttempt);
      return;
    }
    const webhook = await store.webhooks.findWithDeleted(delivery.webhookId);
    const event = await store.webhookEvents.find(delivery.event.id);
    if (webhook === null || event === null) return;
    const target = openTarget(webhook, box);
    const payload = await this.payloadOf(event);

    const attempt = newAttempt();
    const begun = { ...delivery, attempts: delivery.attempts + 1 };
    await store.webhookDeliveries.save(delivery.id, {
      status: 'scheduled',
      attempts: begun.attempts,
      lastAttempt: attempt,
      nextAttemptAt: delivery.nextAttemptAt,
    });
    const request = { webhook, target, delivery, payload, attemptId: attempt.id };
    const attempted = await sendWebhook(request, outbound, this.#closing.signal);
    await this.#finish(begun, attempted, attempt);
  }

  async #finish(delivery: WebhookDelivery, attempted: Attempted, attempt: WebhookAttempt): Promise<void> {
    const now = new Date();
    const isTaken = attempted.errorClass === null;
    const retryAt =
      isTaken || delivery.level === 'notify' ? null : nextAttempt(this.#limits, delivery.attempts, delivery.createdAt);
    await this.#parts.store.webhookDeliveries.save(delivery.id, {
      status: isTaken ? 'succeeded' : retryAt === null ? 'failed' : 'retrying',
      attempts: delivery.attempts,
      lastAttempt: { ...attempt, ...attempted, status: isTaken ? 'succeeded' : 'failed', updatedAt: now },
      nextAttemptAt: retryAt,
    });
  }

  async #purge(): Promise<void> {
    try {
      const before = new Date(Date.now() - this.#limits.keepMs);
      await this.#parts.store.webhookEvents.purge(before, this.#limits.maxEventsPerApp);
    } catch (error) {
      this.#parts.log.error({ err: error }, 'old webhook events could not be removed');
    }
  }
}

function newAttempt(): WebhookAttempt {
  const now = new Date();
  return { id: randomUUID(), status: 'scheduled', code: null, errorClass: null, createdAt: now, updatedAt: now };
}
