import type { AppTransfer } from '../model/app-transfer.ts';
import type { AccountId, AppId, AppTransferId, OAuthClientId, SshKeyId } from '../model/ids.ts';
import type { OAuthClient } from '../model/oauth-client.ts';
import type { SshKey } from '../model/ssh-key.ts';

export interface OAuthClientQueries {
  create(client: Omit<OAuthClient, 'createdAt' | 'updatedAt'>): Promise<OAuthClient>;
  /** In the order of their making. */
  list(accountId: AccountId): Promise<readonly OAuthClient[]>;
  findById(id: OAuthClientId): Promise<OAuthClient | null>;
  /** Throws `not_found`. */
  update(
    id: OAuthClientId,
    change: { name?: string; redirectUri?: string; sealedSecret?: Uint8Array },
  ): Promise<OAuthClient>;
  /** With every authorization that was given to it. */
  delete(id: OAuthClientId): Promise<void>;
}

export interface SshKeyQueries {
  /** Throws `invalid_params` when the account has this key already. */
  create(key: Omit<SshKey, 'id' | 'createdAt'>): Promise<SshKey>;
  /** In the order of their making. */
  list(accountId: AccountId): Promise<readonly SshKey[]>;
  delete(id: SshKeyId): Promise<void>;
}

/** One row for each feature that was ever switched on or off. */
export interface AppFeatureRow {
  readonly name: string;
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface AppFeatureQueries {
  list(appId: AppId): Promise<readonly AppFeatureRow[]>;
  set(appId: AppId, name: string, enabled: boolean): Promise<void>;
}

export interface AppTransferQueries {
  /** Throws `not_found` when the app or an account is gone. */
  create(transfer: {
    appId: AppId;
    ownerId: AccountId;
    recipientId: AccountId;
    state: AppTransfer['state'];
  }): Promise<AppTransfer>;
  /** Those that the account has offered or was offered, in the order of their making. */
  list(accountId: AccountId): Promise<readonly AppTransfer[]>;
  /** Of this app, and not yet answered. */
  listPending(appId: AppId): Promise<readonly AppTransfer[]>;
  /** False when it was not pending any more. */
  answer(id: AppTransferId, state: 'accepted' | 'declined'): Promise<boolean>;
  delete(id: AppTransferId): Promise<void>;
}
