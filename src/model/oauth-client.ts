import type { AccountId, OAuthClientId } from './ids.ts';

/** A program that accounts let in, and that its maker has registered. */
export interface OAuthClient {
  readonly id: OAuthClientId;
  /** Who registered it. */
  readonly accountId: AccountId;
  readonly name: string;
  readonly redirectUri: string;
  readonly sealedSecret: Uint8Array;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
