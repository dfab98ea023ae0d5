export { finishRestore, importStore, openStore, withSnapshot, type StoreOptions } from './open-store.ts';
export type { ImportOptions, PlainRows } from './import-rows.ts';
export type { PlainValue, StoreSnapshot } from './snapshot.ts';
export type { SecretKeyQueries, SecretKeyRecord } from './secret-key-store.ts';
export { sealedColumns, type Reseal } from './sealed-columns.ts';
export type {
  AppFeatureQueries,
  AppFeatureRow,
  AppTransferQueries,
  OAuthClientQueries,
  SshKeyQueries,
} from './account-store.ts';
export type { AuditQueries } from './audit-store.ts';
export type { DomainQueries, OwnedDomain, SniEndpointQueries } from './domain-store.ts';
export type {
  PipelineCouplingQueries,
  PipelinePromotionQueries,
  PipelineQueries,
  ReviewAppQueries,
} from './pipeline-store.ts';
export type { WebhookDeliveryQueries, WebhookEventQueries, WebhookQueries } from './webhook-store.ts';
export type {
  AccountQueries,
  AppQueries,
  AppSetupQueries,
  AuthorizationQueries,
  BuildQueries,
  CollaboratorQueries,
  DynoQueries,
  DynoRow,
  FormationQueries,
  ListOptions,
  LogDrainQueries,
  NewApp,
  NewAuthorization,
  Queries,
  ReleaseQueries,
  SlugQueries,
  Store,
  Transaction,
} from './store.ts';
