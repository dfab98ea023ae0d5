import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import type { Store } from '../store/index.ts';
import { hashPassword, parsePassword } from './password.ts';
import { hashToken, hintOf, newToken } from './token.ts';

const maxEmailLength = 254;

export interface NewAccount {
  readonly account: Account;
  /** Shown once; only its hash is kept. */
  readonly token: string;
}

/** A further account, with a first token. Throws `invalid_params` for an e-mail that is none, or is taken. */
export async function createAccount(
  store: Store,
  wanted: { readonly email: string; readonly password?: string },
): Promise<NewAccount> {
  const email = parseEmail(wanted.email);
  const passwordHash = wanted.password === undefined ? undefined : await hashPassword(parsePassword(wanted.password));
  const token = newToken();
  const account = await store.transaction(async (tx) => {
    const created = await tx.accounts.create({ email, ...(passwordHash === undefined ? {} : { passwordHash }) });
    await tx.authorizations.create({
      accountId: created.id,
      hash: hashToken(token),
      hint: hintOf(token),
      description: 'First token',
      scopes: ['global'],
      expiresAt: null,
    });
    return created;
  });
  return { account, token };
}

function parseEmail(text: string): string {
  // Printable ASCII only, so that no two addresses look alike; what a mail server would make of it is not ours to say.
  if (text.length <= maxEmailLength && /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text))
    return text;
  throw new PlatformError(
    'invalid_params',
    'Invalid value for email: it must be an e-mail address such as ada@example.com.',
  );
}
