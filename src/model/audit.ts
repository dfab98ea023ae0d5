import type { AccountId, AppId } from './ids.ts';

/** Whence the one who changes something came. */
export interface Origin {
  /** Of the authorization: `heroku login`, `CI`; `password`, or `git push`. Never a token. */
  readonly via: string;
  /** IP address; null: not known. */
  readonly address: string | null;
}

/** What somebody did, as it is kept. Config values, tokens and other secrets are never part of it. */
export interface AuditEntry {
  /** Grows with every entry. */
  readonly number: number;
  readonly at: Date;
  readonly accountId: AccountId;
  readonly email: string;
  readonly via: string;
  readonly address: string | null;
  /** `app:create`, `release:create`, `collaborator:remove` ... */
  readonly action: string;
  readonly appId: AppId | null;
  /** As the app was called then. */
  readonly appName: string | null;
  /** `Set FOO config vars`; at most 500 characters. */
  readonly detail: string;
}

/** The part of it that the change itself knows. */
export interface Deed {
  readonly action: string;
  readonly appId?: AppId;
  readonly appName?: string;
  readonly detail: string;
}
