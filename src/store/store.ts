import type { Account, Actor } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { Deed, Origin } from '../model/audit.ts';
import type { AppSetup } from '../model/app-setup.ts';
import type { Build, SourceBlob } from '../model/build.ts';
import type { Authorization, Caller, Scope } from '../model/authorization.ts';
import type { AppPermission, Collaborator } from '../model/collaborator.ts';
import type { Exit } from '../model/dyno.ts';
import type { DynoSizeName, FormationEntry } from '../model/formation.ts';
import type {
  AccountId,
  AppId,
  AppName,
  AppSetupId,
  AuthorizationId,
  BuildId,
  CollaboratorId,
  CommitId,
  DynoId,
  DynoName,
  LogDrainId,
  OAuthClientId,
  ProcessType,
  ReleaseId,
  Sha256,
  SlugId,
} from '../model/ids.ts';
import type { LogDrain } from '../model/log-drain.ts';
import type { Release, ReleaseStatus } from '../model/release.ts';
import type { Slug, SlugDraft } from '../model/slug.ts';
import type { AppFeatureQueries, AppTransferQueries, OAuthClientQueries, SshKeyQueries } from './account-store.ts';
import type { AcmQueries } from './acm-store.ts';
import type { AuditQueries } from './audit-store.ts';
import type { DomainQueries, SniEndpointQueries } from './domain-store.ts';
import type {
  PipelineCouplingQueries,
  PipelinePromotionQueries,
  PipelineQueries,
  ReviewAppQueries,
} from './pipeline-store.ts';
import type { NoticeQueries } from './notice-store.ts';
import type { SecretKeyQueries } from './secret-key-store.ts';
import type { WebhookDeliveryQueries, WebhookEventQueries, WebhookQueries } from './webhook-store.ts';

/** Order and limit of a list. */
export interface ListOptions {
  readonly order?: 'asc' | 'desc';
  readonly max?: number;
}

/** Reads see committed data. One object per aggregate; every query of the platform is in one of them. */
export interface Queries {
  readonly accounts: AccountQueries;
  readonly authorizations: AuthorizationQueries;
  readonly oauthClients: OAuthClientQueries;
  readonly sshKeys: SshKeyQueries;
  readonly apps: AppQueries;
  readonly appFeatures: AppFeatureQueries;
  readonly appTransfers: AppTransferQueries;
  readonly collaborators: CollaboratorQueries;
  readonly slugs: SlugQueries;
  readonly builds: BuildQueries;
  readonly releases: ReleaseQueries;
  readonly formation: FormationQueries;
  readonly dynos: DynoQueries;
  readonly appSetups: AppSetupQueries;
  readonly logDrains: LogDrainQueries;
  readonly domains: DomainQueries;
  readonly sniEndpoints: SniEndpointQueries;
  readonly acm: AcmQueries;
  readonly pipelines: PipelineQueries;
  readonly pipelineCouplings: PipelineCouplingQueries;
  readonly pipelinePromotions: PipelinePromotionQueries;
  readonly reviewApps: ReviewAppQueries;
  readonly webhooks: WebhookQueries;
  readonly webhookEvents: WebhookEventQueries;
  readonly webhookDeliveries: WebhookDeliveryQueries;
  readonly audit: AuditQueries;
}

/** What is written with it is committed together or not at all. You can't change several things without holding one. */
export interface Transaction extends Queries {
  /**
   * Runs `effect` once the transaction is durable, before `Store.transaction` resolves; never when it is rolled back.
   * For what can't be taken back: a log line, a message to another process. Must not throw.
   */
  afterCommit(effect: () => void): void;
}

/** The durable rows of the platform. Writes are on disk (SQLite: synchronous FULL) when their promise resolves. */
export interface Store extends Queries, AsyncDisposable {
  readonly secretKeys: SecretKeyQueries;
  /** What the operator was told. */
  readonly notices: NoticeQueries;
  /**
   * Runs `work` in one transaction, serialised against every other writer of this database; rolled back when it throws.
   * `work` is run again when the database asks for it (busy, deadlock), so its other effects belong in `afterCommit`.
   * Inside it, write through `tx` only: a nested transaction or a write through the store is refused, as it would wait for itself.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Changes that `work` makes are this actor's in the audit trail, and told to webhooks in that name; else they are the
   * platform's, and the app's owner's.
   */
  actingAs<T>(actor: Actor, origin: Origin, work: () => T): T;
  /** For the audit trail: a deed that changes no row, such as a command that somebody runs. */
  noteDeed(deed: Deed): Promise<void>;
  /** Calls back after each commit that has written events for webhooks. One listener; it must not throw. */
  onWebhookEvents(listener: () => void): void;
  /** Cheap proof that the database answers, for /readyz. */
  ping(): Promise<void>;
}

export interface AccountChange {
  readonly name?: string | null;
  readonly passwordHash?: string | null;
  readonly suspendedAt?: Date | null;
}

export interface AccountQueries {
  /** Throws `invalid_params` when the e-mail is in use, in upper or lower case. */
  create(account: { email: string; passwordHash?: string }): Promise<Account>;
  /** The account that was made first: the operator's. */
  findFirst(): Promise<Account | null>;
  /** Throws `invalid_params` when the new e-mail is in use. */
  changeEmail(id: AccountId, email: string): Promise<Account>;
  /** Throws `not_found`. */
  update(id: AccountId, change: AccountChange): Promise<Account>;
  findById(id: AccountId): Promise<Account | null>;
  findByEmail(email: string): Promise<Account | null>;
  /** Null when there is no such account, or none with a password. */
  readPasswordHash(id: AccountId): Promise<string | null>;
  /** In the order of their making. */
  list(): Promise<readonly Account[]>;
  /** Deletes the account with its authorizations and collaborations. Throws `conflict` while anything else is the account's. */
  delete(id: AccountId): Promise<void>;
}

export interface NewAuthorization {
  readonly accountId: AccountId;
  /** SHA-256 of the token, hex. */
  readonly hash: string;
  readonly hint: string | null;
  readonly description: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
  /** Default: none; the account's own. */
  readonly clientId?: OAuthClientId;
  /** Default: false. */
  readonly isSession?: boolean;
  /** Of the code that the client gets in place of a token; it is good until `expiresAt`. */
  readonly grantHash?: string;
}

/** Only those that are neither revoked nor expired are found; one that can be refreshed does not expire but by `findByHash`. */
export interface AuthorizationQueries {
  /**
   * A revoked one with the same token becomes valid again, as the given one; throws `conflict` when the token is another
   * account's.
   */
  create(authorization: NewAuthorization): Promise<Authorization>;
  /** In the order of their making. */
  list(accountId: AccountId): Promise<readonly Authorization[]>;
  findById(id: AuthorizationId): Promise<Authorization | null>;
  /** With the account that it is of. */
  findByHash(hash: string): Promise<Caller | null>;
  /** The one whose code was not exchanged yet. */
  findByGrant(grantHash: string): Promise<Authorization | null>;
  findByRefresh(refreshHash: string): Promise<Authorization | null>;
  /** Throws `not_found`. */
  update(
    id: AuthorizationId,
    change: {
      description?: string;
      hash?: string;
      hint?: string | null;
      expiresAt?: Date | null;
      clientId?: OAuthClientId;
      grantHash?: null;
      refreshHash?: string | null;
    },
  ): Promise<Authorization>;
  /** False when it was not valid any more. */
  revoke(id: AuthorizationId): Promise<boolean>;
}

export interface CollaboratorQueries {
  /** Creates one, or changes the permissions of the one there is. */
  set(appId: AppId, accountId: AccountId, permissions: readonly AppPermission[]): Promise<Collaborator>;
  find(appId: AppId, accountId: AccountId): Promise<Collaborator | null>;
  /** In the order of their making. */
  list(appId: AppId): Promise<readonly Collaborator[]>;
  remove(id: CollaboratorId): Promise<void>;
}

export interface NewApp {
  readonly name: AppName;
  readonly ownerId: AccountId;
  readonly stack: string;
  readonly region: string;
}

export interface AppQueries {
  /** Throws `invalid_params` ("Name is already taken") when the name is in use. Gives the app the next free uid. */
  create(app: NewApp): Promise<App>;
  findById(id: AppId): Promise<App | null>;
  findByName(name: string): Promise<App | null>;
  listByOwner(ownerId: AccountId): Promise<readonly App[]>;
  /** The account's own, and those that it is a collaborator of. */
  listAccessible(accountId: AccountId): Promise<readonly App[]>;
  list(): Promise<readonly App[]>;
  /** Throws `invalid_params` when a new name is in use. */
  update(
    id: AppId,
    change: {
      name?: AppName;
      maintenance?: boolean;
      acm?: boolean;
      buildpackProvidedDescription?: string | null;
      releasedAt?: Date;
      ownerId?: AccountId;
    },
  ): Promise<App>;
  /** Deletes the app and every row that belongs to it. */
  delete(id: AppId): Promise<void>;
  /** The app's present config vars, encrypted; null before the first is set. */
  readConfig(id: AppId): Promise<Uint8Array | null>;
  writeConfig(id: AppId, encrypted: Uint8Array): Promise<void>;
  /** References of the buildpacks that the app is set to, in order; empty: detect. */
  listBuildpacks(id: AppId): Promise<readonly string[]>;
  setBuildpacks(id: AppId, references: readonly string[]): Promise<void>;
}

export interface SlugQueries {
  create(slug: Omit<Slug, 'id' | 'createdAt'>): Promise<Slug>;
  findById(id: SlugId): Promise<Slug | null>;
  /**
   * SHA-256 of every slug of any app that runs, is being launched, can be rolled back to or tried again: of releases that
   * have neither failed nor expired, and of the newest that has one. A slug that a client has uploaded waits for its first release for a day.
   */
  listShasInUse(now?: Date): Promise<readonly Sha256[]>;
  /** SHA-256 of every slug that was ever made for the app, whether it is stored still or not. */
  listShas(appId: AppId): Promise<readonly Sha256[]>;
  /**
   * A slug that is announced. Drafts of the app that nothing was uploaded to for a day go. Throws `rate_limit` when the app
   * has 100 younger ones.
   */
  createDraft(draft: Omit<SlugDraft, 'id' | 'createdAt'>, now?: Date): Promise<SlugDraft>;
  findDraft(id: SlugId): Promise<SlugDraft | null>;
  /** Turns a draft into the slug with its id. Throws `conflict` when there is no such draft (any more). */
  finishDraft(id: SlugId, uploaded: { sha256: Sha256; sizeBytes: number }): Promise<Slug>;
}

export interface BuildQueries {
  /** `source`: what a build is made of that is not a push. Its URL is kept as it is given: take the query off before. */
  create(build: { appId: AppId; commit: CommitId | null; source?: SourceBlob; userId: AccountId }): Promise<Build>;
  finish(
    id: BuildId,
    result: { status: 'succeeded' | 'failed'; slugId?: SlugId; releaseId?: ReleaseId; buildpacks?: readonly string[] },
  ): Promise<void>;
  findById(id: BuildId): Promise<Build | null>;
  list(appId: AppId, options?: ListOptions): Promise<readonly Build[]>;
  listPending(): Promise<readonly Build[]>;
  /** True when a build of this commit for this app has ended before, well or not. */
  wasBuilt(appId: AppId, commit: CommitId): Promise<boolean>;
}

export interface ReleaseQueries {
  /** Takes the next version number of the app. `configVars`: the encrypted snapshot. */
  create(release: {
    appId: AppId;
    description: string;
    status: ReleaseStatus;
    slugId: SlugId | null;
    userId: AccountId;
    configVars: Uint8Array | null;
  }): Promise<Release>;
  findById(id: ReleaseId): Promise<Release | null>;
  findByVersion(appId: AppId, version: number): Promise<Release | null>;
  /** The newest release that succeeded: what runs, or should. */
  findCurrent(appId: AppId): Promise<Release | null>;
  findNewest(appId: AppId): Promise<Release | null>;
  /** By version. */
  list(appId: AppId, options?: ListOptions): Promise<readonly Release[]>;
  listPending(): Promise<readonly Release[]>;
  setStatus(id: ReleaseId, status: ReleaseStatus): Promise<void>;
  /**
   * Marks the releases as expired that no rollback may ask for any more: made before `before`, not among the app's newest
   * `keep` versions, not running, and with a slug that no release has that stays. The slugs are not removed here. Changes
   * of the app's releases wait meanwhile. Returns how many. `max`: of them, the oldest; default: all.
   */
  expire(appId: AppId, reach: { keep: number; before: Date; max?: number }): Promise<number>;
  readConfigVars(id: ReleaseId): Promise<Uint8Array | null>;
}

export interface FormationQueries {
  list(appId: AppId): Promise<readonly FormationEntry[]>;
  /** Creates or changes one entry. */
  set(appId: AppId, type: ProcessType, change: { quantity?: number; size?: DynoSizeName }): Promise<FormationEntry>;
  remove(appId: AppId, type: ProcessType): Promise<void>;
}

/** The wanted dynos and what became of their last start, so that back-off and `ps:stop` survive a restart of the platform. */
export interface DynoRow {
  /** Of the latest start. */
  readonly id: DynoId;
  readonly appId: AppId;
  readonly name: DynoName;
  readonly type: ProcessType;
  readonly releaseId: ReleaseId;
  readonly size: DynoSizeName;
  readonly command: string;
  readonly port: number | null;
  readonly state: 'starting' | 'up' | 'stopping' | 'crashed' | 'down';
  readonly exit: Exit | null;
  /** Crashes in a row that count for the back-off. */
  readonly crashes: number;
  /** When a crashed dyno is started again. */
  readonly restartAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface DynoQueries {
  list(appId: AppId): Promise<readonly DynoRow[]>;
  listAll(): Promise<readonly DynoRow[]>;
  /** Creates or replaces the row with this id. */
  save(row: DynoRow): Promise<void>;
  remove(id: DynoId): Promise<void>;
}

export interface AppSetupQueries {
  /** Pending, and with nothing done yet. */
  create(setup: Pick<AppSetup, 'accountId' | 'appId' | 'appName'>): Promise<AppSetup>;
  update(
    id: AppSetupId,
    change: Partial<
      Pick<AppSetup, 'status' | 'failureMessage' | 'manifestErrors' | 'buildId' | 'postdeploy' | 'successUrl'>
    >,
  ): Promise<void>;
  findById(id: AppSetupId): Promise<AppSetup | null>;
  listPending(): Promise<readonly AppSetup[]>;
}

export interface LogDrainQueries {
  /** Throws `not_found` when the app is gone. */
  create(drain: Omit<LogDrain, 'createdAt' | 'updatedAt'>): Promise<LogDrain>;
  /** In order of their creation. */
  list(appId: AppId): Promise<readonly LogDrain[]>;
  listAll(): Promise<readonly LogDrain[]>;
  /** False: it was gone already. */
  delete(id: LogDrainId): Promise<boolean>;
}
