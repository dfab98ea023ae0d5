import type { Transaction } from 'kysely';
import type { AppId } from '../model/ids.ts';
import type { WebhookAction, WebhookEntity } from '../model/webhook.ts';
import type { Schema } from './schema.ts';
import type { Queries } from './store.ts';

export interface Change {
  readonly appId: AppId;
  readonly include: WebhookEntity;
  readonly action: WebhookAction;
  readonly current: object;
  readonly previous?: object;
}

/** What a change has at hand, inside its transaction. */
export interface Changing {
  readonly db: Transaction<Schema>;
  readonly queries: Queries;
  /** False: nobody wants to know, and what was before need not be read. */
  readonly isWanted: (appId: AppId, include: WebhookEntity) => Promise<boolean>;
  readonly note: (change: Change) => Promise<void>;
}

export type InTransaction = <T>(work: (tools: Changing) => Promise<T>) => Promise<T>;
