import type { Account } from '../model/account.ts';
import type { Store } from '../store/index.ts';
import { authenticate } from './authenticate.ts';
import type { GuessLimit } from './guess-limit.ts';
import { verifyPassword } from './password.ts';
import { requireActive } from './require-active.ts';

export interface PasswordLogin {
  readonly email: string;
  readonly password: string;
  /** Of the client. */
  readonly address: string;
}

/** The account with this e-mail and password; null when there is none. Throws `suspended`, and `rate_limit` after too many wrong guesses. */
export function authenticatePassword(
  { store, guesses }: { readonly store: Store; readonly guesses: GuessLimit },
  { email, password, address }: PasswordLogin,
): Promise<Account | null> {
  return guesses.attempt({ address, secret: password, account: email }, () => findByPassword(store, email, password));
}

/** Where a password and a token are sent in the same place, as with Basic: one guess, whatever it is. */
export function authenticateEither(
  { store, guesses }: { readonly store: Store; readonly guesses: GuessLimit },
  { email, password, address }: PasswordLogin,
): Promise<Awaited<ReturnType<typeof authenticate>> | { readonly account: Account; readonly authorization: null }> {
  return guesses.attempt({ address, secret: password, account: email }, async () => {
    const caller = await authenticate(store, password);
    if (caller !== null) return caller;
    const account = await findByPassword(store, email, password);
    return account === null ? null : { account, authorization: null };
  });
}

async function findByPassword(store: Store, email: string, password: string): Promise<Account | null> {
  const account = await store.accounts.findByEmail(email);
  const stored = account === null ? null : await store.accounts.readPasswordHash(account.id);
  if (account === null || !(await verifyPassword(password, stored))) return null;
  requireActive(account);
  return account;
}
