/** Branded strings: parsed once at the edge, trusted inside. Ids are lower-case UUIDs unless their type says otherwise. */

declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

export type AccountId = Brand<'AccountId'>;
export type AuthorizationId = Brand<'AuthorizationId'>;
export type OAuthClientId = Brand<'OAuthClientId'>;
export type SshKeyId = Brand<'SshKeyId'>;
export type AppTransferId = Brand<'AppTransferId'>;
export type AppId = Brand<'AppId'>;
export type AppSetupId = Brand<'AppSetupId'>;
export type CollaboratorId = Brand<'CollaboratorId'>;
export type BuildId = Brand<'BuildId'>;
export type ReleaseId = Brand<'ReleaseId'>;
export type SlugId = Brand<'SlugId'>;
export type LogDrainId = Brand<'LogDrainId'>;
export type DomainId = Brand<'DomainId'>;
export type SniEndpointId = Brand<'SniEndpointId'>;
export type PipelineId = Brand<'PipelineId'>;
export type PipelineCouplingId = Brand<'PipelineCouplingId'>;
export type PipelinePromotionId = Brand<'PipelinePromotionId'>;
export type PromotionTargetId = Brand<'PromotionTargetId'>;
export type ReviewAppId = Brand<'ReviewAppId'>;
export type WebhookId = Brand<'WebhookId'>;
export type WebhookEventId = Brand<'WebhookEventId'>;
export type WebhookDeliveryId = Brand<'WebhookDeliveryId'>;
/** One start of one dyno; a restarted `web.1` has a new one. */
export type DynoId = Brand<'DynoId'>;

/** 3 to 30 lower-case letters, digits and hyphens; starts with a letter, does not end with a hyphen. */
export type AppName = Brand<'AppName'>;
/** 40 (SHA-1) or 64 (SHA-256) lower-case hex digits. */
export type CommitId = Brand<'CommitId'>;
/** 64 lower-case hex digits. */
export type Sha256 = Brand<'Sha256'>;
/** A key of the Procfile: `[-\w]{1,128}`. `web` is routed, `release` runs before a release. */
export type ProcessType = Brand<'ProcessType'>;
/** `web.1`, `worker.2`, `release.4711`, `run.1234`. */
export type DynoName = Brand<'DynoName'>;
