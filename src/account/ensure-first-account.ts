import type { Account } from '../model/account.ts';
import type { Store, Transaction } from '../store/index.ts';
import { hashToken, hintOf } from './token.ts';

/** Of the authorization that HOKKU_API_KEY is. */
export const firstDescription = 'First account (HOKKU_API_KEY)';

/**
 * Makes the operator's account at the first start, and at every start lets its e-mail and token be the given ones: the
 * token of an earlier start is revoked, tokens that the account got otherwise stay. Throws `invalid_params` or `conflict`
 * when the e-mail or the token is another account's.
 */
export async function ensureFirstAccount(store: Store, first: { email: string; token: string }): Promise<Account> {
  return store.transaction(async (tx) => {
    const account = await findOrCreate(tx, first.email);
    const wanted = await tx.authorizations.findByHash(hashToken(first.token));
    const authorizations = await tx.authorizations.list(account.id);
    for (const { id, description } of authorizations) {
      if (description === firstDescription && id !== wanted?.authorization.id) await tx.authorizations.revoke(id);
    }
    if (wanted?.account.id !== account.id) {
      await tx.authorizations.create({
        accountId: account.id,
        hash: hashToken(first.token),
        hint: hintOf(first.token),
        description: firstDescription,
        scopes: ['global'],
        expiresAt: null,
      });
    }
    return account;
  });
}

async function findOrCreate(tx: Transaction, email: string): Promise<Account> {
  const account = await tx.accounts.findFirst();
  if (account === null) return tx.accounts.create({ email });
  return account.email === email ? account : tx.accounts.changeEmail(account.id, email);
}
