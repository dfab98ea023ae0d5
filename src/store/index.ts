export { openStore, type StoreOptions } from './open-store.ts';
export type { WebhookDeliveryQueries, WebhookEventQueries, WebhookQueries } from './webhook-store.ts';
export type {
  AccountQueries,
  AppQueries,
  BuildQueries,
  DynoQueries,
  DynoRow,
  FormationQueries,
  ListOptions,
  LogDrainQueries,
  NewApp,
  Queries,
  ReleaseQueries,
  SlugQueries,
  Store,
  TokenRow,
  Transaction,
} from './store.ts';
