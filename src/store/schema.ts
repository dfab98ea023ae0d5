/**
 * The rows as both databases hold them. Times are ISO 8601 text in UTC (they sort as they are), flags are 0 or 1, lists
 * and maps are JSON text; codecs.ts turns them into the model's values and back.
 */
export interface Schema {
  accounts: AccountTable;
  authorizations: AuthorizationTable;
  apps: AppTable;
  collaborators: CollaboratorTable;
  oauth_clients: OAuthClientTable;
  ssh_keys: SshKeyTable;
  app_features: AppFeatureTable;
  app_transfers: AppTransferTable;
  slugs: SlugTable;
  builds: BuildTable;
  releases: ReleaseTable;
  formation: FormationTable;
  dynos: DynoTable;
  slug_drafts: SlugDraftTable;
  app_setups: AppSetupTable;
  log_drains: LogDrainTable;
  domains: DomainTable;
  sni_endpoints: SniEndpointTable;
  acm_orders: AcmOrderTable;
  acm_accounts: AcmAccountTable;
  pipelines: PipelineTable;
  pipeline_couplings: PipelineCouplingTable;
  pipeline_config_vars: PipelineConfigVarTable;
  pipeline_promotions: PipelinePromotionTable;
  promotion_targets: PromotionTargetTable;
  review_apps: ReviewAppTable;
  review_app_configs: ReviewAppConfigTable;
  webhooks: WebhookTable;
  webhook_events: WebhookEventTable;
  webhook_deliveries: WebhookDeliveryTable;
  audit_entries: AuditEntryTable;
  counters: CounterTable;
  secret_keys: SecretKeyTable;
  notices: NoticeTable;
}

interface AccountTable {
  id: string;
  /** Grows with every account; the first one is the operator's. */
  number: number;
  email: string;
  /** The e-mail in lower case: unique. */
  email_key: string;
  name: string | null;
  /** Of scrypt, with its parameters; null: no login by password. */
  password_hash: string | null;
  suspended_at: string | null;
  created_at: string;
  updated_at: string;
}

interface AuditEntryTable {
  number: number;
  at: string;
  account_id: string;
  email: string;
  via: string;
  address: string | null;
  action: string;
  app_id: string | null;
  app_name: string | null;
  detail: string;
}

export interface AuthorizationTable {
  id: string;
  account_id: string;
  /** SHA-256 of the token, hex: unique; the token itself is nowhere. */
  hash: string;
  hint: string | null;
  description: string;
  /** JSON list. */
  scopes: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** Null: the account's own. */
  client_id: string | null;
  /** Made by a login through a browser. */
  is_session: number;
  /** SHA-256, hex, of the code that this can still be exchanged for a token with. */
  grant_hash: string | null;
  /** SHA-256, hex, of what a new access token is given for. */
  refresh_hash: string | null;
  created_at: string;
  updated_at: string;
}

interface OAuthClientTable {
  id: string;
  account_id: string;
  name: string;
  redirect_uri: string;
  /** Encrypted. */
  secret: Uint8Array;
  created_at: string;
  updated_at: string;
}

interface SshKeyTable {
  id: string;
  account_id: string;
  public_key: string;
  /** Unique for the account. */
  fingerprint: string;
  comment: string;
  created_at: string;
}

interface AppFeatureTable {
  app_id: string;
  name: string;
  enabled: number;
  created_at: string;
  updated_at: string;
}

interface AppTransferTable {
  id: string;
  app_id: string;
  owner_id: string;
  recipient_id: string;
  state: string;
  created_at: string;
  updated_at: string;
}

interface CollaboratorTable {
  id: string;
  app_id: string;
  account_id: string;
  /** JSON list. */
  permissions: string;
  created_at: string;
  updated_at: string;
}

export interface AppTable {
  id: string;
  name: string;
  owner_id: string;
  stack: string;
  region: string;
  maintenance: number;
  uid: number;
  buildpack_description: string | null;
  /** JSON list of references. */
  buildpacks: string;
  /** The platform gets certificates for its domains. */
  acm: number;
  /** Encrypted. */
  config_vars: Uint8Array | null;
  /** The newest version number given to a release. */
  last_version: number;
  released_at: string | null;
  created_at: string;
  updated_at: string;
}

interface SlugTable {
  id: string;
  app_id: string;
  sha256: string;
  size_bytes: number;
  commit_id: string | null;
  commit_description: string | null;
  /** JSON map. */
  process_types: string;
  buildpack_description: string | null;
  stack: string;
  created_at: string;
}

interface BuildTable {
  id: string;
  /** Grows with every build of the platform: the order of their creation. */
  number: number;
  app_id: string;
  status: string;
  commit_id: string | null;
  /** Null for a push. Without its query. */
  source_url: string | null;
  source_version: string | null;
  source_version_description: string | null;
  source_checksum: string | null;
  user_id: string;
  /** JSON list of references. */
  buildpacks: string;
  slug_id: string | null;
  release_id: string | null;
  created_at: string;
  updated_at: string;
}

interface ReleaseTable {
  id: string;
  app_id: string;
  version: number;
  description: string;
  status: string;
  slug_id: string | null;
  user_id: string;
  /** Encrypted. */
  config_vars: Uint8Array | null;
  created_at: string;
  updated_at: string;
}

interface FormationTable {
  id: string;
  app_id: string;
  type: string;
  quantity: number;
  size: string;
  created_at: string;
  updated_at: string;
}

interface DynoTable {
  id: string;
  app_id: string;
  name: string;
  type: string;
  release_id: string;
  size: string;
  command: string;
  port: number | null;
  state: string;
  /** JSON of an exit, its time as ISO text. */
  exit: string | null;
  crashes: number;
  restart_at: string | null;
  created_at: string;
  updated_at: string;
}

interface SlugDraftTable {
  id: string;
  app_id: string;
  /** SHA-256 that the upload must have. */
  checksum: string | null;
  commit_id: string | null;
  commit_description: string | null;
  /** JSON map. */
  process_types: string;
  buildpack_description: string | null;
  stack: string;
  created_at: string;
}

interface AppSetupTable {
  id: string;
  account_id: string;
  /** Refers to nothing: the record outlives its app. */
  app_id: string;
  app_name: string;
  status: string;
  failure_message: string | null;
  /** JSON list. */
  manifest_errors: string;
  build_id: string | null;
  postdeploy_output: string | null;
  postdeploy_exit_code: number | null;
  success_url: string | null;
  created_at: string;
  updated_at: string;
}

interface LogDrainTable {
  id: string;
  app_id: string;
  token: string;
  /** Encrypted. */
  url: Uint8Array;
  may_reach_loopback: number;
  created_at: string;
  updated_at: string;
}

interface DomainTable {
  id: string;
  app_id: string;
  /** Unique on the platform. */
  hostname: string;
  sni_endpoint_id: string | null;
  created_at: string;
  updated_at: string;
}

interface SniEndpointTable {
  id: string;
  app_id: string;
  name: string;
  certificate_chain: string;
  /** Encrypted. */
  private_key: Uint8Array;
  /** Of a certificate that the platform has got. */
  acm: number;
  created_at: string;
  updated_at: string;
}

interface AcmOrderTable {
  domain_id: string;
  status: string;
  reason: string | null;
  order_url: string | null;
  /** Encrypted. */
  private_key: Uint8Array | null;
  attempts: number;
  next_at: string | null;
  updated_at: string;
}

interface AcmAccountTable {
  /** URL. */
  directory: string;
  /** Encrypted. */
  private_key: Uint8Array;
  created_at: string;
}

interface PipelineTable {
  id: string;
  /** Unique among those of the owner. */
  name: string;
  owner_id: string;
  created_at: string;
  updated_at: string;
}

interface PipelineCouplingTable {
  id: string;
  pipeline_id: string;
  /** Unique. */
  app_id: string;
  stage: string;
  created_at: string;
  updated_at: string;
}

interface PipelineConfigVarTable {
  pipeline_id: string;
  stage: string;
  /** Encrypted. */
  config_vars: Uint8Array;
}

interface PipelinePromotionTable {
  id: string;
  pipeline_id: string;
  /** These refer to nothing: the record outlives the apps. */
  source_app_id: string;
  source_release_id: string;
  status: string;
  created_at: string;
  updated_at: string;
}

interface PromotionTargetTable {
  id: string;
  promotion_id: string;
  place: number;
  app_id: string;
  release_id: string;
  status: string;
  error_message: string | null;
}

interface ReviewAppTable {
  id: string;
  pipeline_id: string;
  /** These refer to nothing: the record outlives its app. */
  app_id: string;
  app_setup_id: string;
  creator_id: string;
  branch: string;
  pr_number: number | null;
  created_at: string;
}

interface ReviewAppConfigTable {
  pipeline_id: string;
  repo: string;
  base_name: string | null;
}

interface WebhookTable {
  id: string;
  app_id: string;
  /** JSON list. */
  include: string;
  level: string;
  /** Encrypted. */
  target: Uint8Array;
  may_reach_loopback: number;
  created_at: string;
  updated_at: string;
  /** Its app was destroyed then. */
  deleted_at: string | null;
}

interface WebhookEventTable {
  id: string;
  number: number;
  app_id: string;
  include: string;
  action: string;
  actor_id: string;
  actor_email: string;
  /** JSON. */
  snapshot: string;
  /** JSON. */
  payload: string | null;
  created_at: string;
  updated_at: string;
}

interface WebhookDeliveryTable {
  id: string;
  number: number;
  app_id: string;
  webhook_id: string;
  event_id: string;
  level: string;
  status: string;
  attempts: number;
  /** JSON. */
  last_attempt: string | null;
  next_attempt_at: string | null;
  created_at: string;
  updated_at: string;
}

/** Numbers that are handed out once and never again, whatever is deleted. */
interface CounterTable {
  name: string;
  /** The last one handed out. */
  value: number;
}

/** Of the key that everything encrypted is sealed with: the newest row. Never the key itself. */
interface NoticeTable {
  cause: string;
  id: string;
  message: string;
  /** Null: the platform's own. */
  app_name: string | null;
  told_at: string;
  attempts: number;
  /** Null: not to be sent (any more). */
  next_attempt_at: string | null;
}

interface SecretKeyTable {
  /** 1, and one more with each rotation. */
  version: number;
  fingerprint: string;
  created_at: string;
}
