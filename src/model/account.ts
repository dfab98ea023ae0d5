import type { AccountId } from './ids.ts';

export interface Account {
  readonly id: AccountId;
  readonly email: string;
  readonly name: string | null;
  /** The first account: it makes the others, and may do everything with every app. */
  readonly isOperator: boolean;
  /** Since when the operator keeps it out: no token and no password of it opens anything. Its apps run on. */
  readonly suspendedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Who did it, for release records and for the "by user U" of log lines. */
export interface Actor {
  readonly accountId: AccountId;
  readonly email: string;
}
