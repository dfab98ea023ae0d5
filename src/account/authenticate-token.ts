import type { Caller } from '../model/authorization.ts';
import type { Store } from '../store/index.ts';
import { authenticate } from './authenticate.ts';
import type { GuessLimit } from './guess-limit.ts';

/** For every door that takes tokens: as `authenticate`, but wrong ones are counted. Throws `rate_limit` after too many. */
export function authenticateToken(
  { store, guesses }: { readonly store: Store; readonly guesses: GuessLimit },
  token: string,
  address: string,
): Promise<Caller | null> {
  return guesses.attempt(
    { address, secret: token, account: null },
    () => authenticate(store, token),
    ({ account }) => account.email,
  );
}
