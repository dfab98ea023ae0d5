import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';

/** Throws `suspended`. Whoever is told this has shown a token or a password of the account. */
export function requireActive(account: Account): void {
  if (account.suspendedAt === null) return;
  throw new PlatformError('suspended', `The account ${account.email} is suspended. Ask the operator of the platform.`);
}
