import type { Account } from './account.ts';
import type { AccountId, AuthorizationId, OAuthClientId } from './ids.ts';

/**
 * What a token opens. `identity`: reading the account. `read`, `write`: apps without their config vars; the protected ones
 * with them. `global`: everything. Source: https://devcenter.heroku.com/articles/oauth#scopes
 */
export const scopes = ['global', 'identity', 'read', 'write', 'read-protected', 'write-protected'] as const;
export type Scope = (typeof scopes)[number];

/** A token of an account, without the token: only its hash is kept. */
export interface Authorization {
  readonly id: AuthorizationId;
  readonly accountId: AccountId;
  readonly description: string;
  readonly scopes: readonly Scope[];
  /** The token's first and last characters, to tell it by; null when it is older than the keeping of hints. */
  readonly hint: string | null;
  /** Null: the account's own. */
  readonly clientId: OAuthClientId | null;
  /** Made by a login through a browser. */
  readonly isSession: boolean;
  /** The client has a code, and no token yet. */
  readonly isGrant: boolean;
  /** Null: never. */
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Who asks, and what their token allows. */
export interface Caller {
  readonly account: Account;
  readonly authorization: Authorization;
}
