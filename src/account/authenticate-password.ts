import type { Account } from '../model/account.ts';
import type { Store } from '../store/index.ts';
import type { GuessLimit } from './guess-limit.ts';
import { verifyPassword } from './password.ts';

/**
 * The account with this e-mail and password; null when there is none. Throws `rate_limit` after too many wrong guesses.
 * Each guess is counted before it is looked at, so that many at once are not all let through.
 */
export async function authenticatePassword(
  store: Store,
  credentials: { readonly email: string; readonly password: string },
  guesses: GuessLimit,
): Promise<Account | null> {
  const { email, password } = credentials;
  guesses.begin(email);
  const account = await store.accounts.findByEmail(email);
  const stored = account === null ? null : await store.accounts.readPasswordHash(account.id);
  if (!(await verifyPassword(password, stored))) return null;
  guesses.succeeded(email);
  return account;
}
