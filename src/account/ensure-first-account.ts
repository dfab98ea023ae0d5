import type { Account } from '../model/account.ts';
import type { Store, Transaction } from '../store/index.ts';
import { hashToken } from './token.ts';

const description = 'First account (HOKKU_API_KEY)';

/**
 * Makes the operator's account at the first start, and at every start lets its e-mail and token be the given ones: the
 * token of an earlier start is revoked, tokens that the account got otherwise stay. Throws `invalid_params` or `conflict`
 * when the e-mail or the token is another account's.
 */
export async function ensureFirstAccount(store: Store, first: { email: string; token: string }): Promise<Account> {
  return store.transaction(async (tx) => {
    const account = await findOrCreate(tx, first.email);
    const wanted = hashToken(first.token);
    const tokens = await tx.accounts.listTokens(account.id);
    const ours = tokens.filter((token) => token.description === description);
    for (const token of ours) {
      if (token.hash !== wanted) await tx.accounts.revokeToken(token.hash);
    }
    if (!tokens.some((token) => token.hash === wanted)) {
      await tx.accounts.addToken(account.id, wanted, description, null);
    }
    return account;
  });
}

async function findOrCreate(tx: Transaction, email: string): Promise<Account> {
  const account = await tx.accounts.findFirst();
  if (account === null) return tx.accounts.create({ email });
  return account.email === email ? account : tx.accounts.changeEmail(account.id, email);
}
