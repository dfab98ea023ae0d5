import { PlatformError } from '../errors/platform-error.ts';
import type { Authorization } from '../model/authorization.ts';
import type { NewAuthorization, Store } from '../store/index.ts';
import { hashToken, hintOf, newToken } from './token.ts';

/** The account of a runaway script is still one that can be looked through. */
const maxPerAccount = 1000;

/** A new token for the account, which is shown this once. Throws `invalid_params` for the account's 1001st. */
export async function createAuthorization(
  store: Store,
  wanted: Omit<NewAuthorization, 'hash' | 'hint'>,
): Promise<{ readonly authorization: Authorization; readonly token: string }> {
  const token = newToken();
  const authorization = await store.transaction(async (tx) => {
    if ((await tx.authorizations.list(wanted.accountId)).length >= maxPerAccount) {
      throw new PlatformError(
        'invalid_params',
        `An account has at most ${maxPerAccount} authorizations. Revoke some with heroku authorizations:revoke.`,
      );
    }
    return tx.authorizations.create({ ...wanted, hash: hashToken(token), hint: hintOf(token) });
  });
  return { authorization, token };
}
