import type { Caller } from '../model/authorization.ts';
import type { Store } from '../store/index.ts';
import { requireActive } from './require-active.ts';
import { hashToken } from './token.ts';

/** Longer ones are not looked at; ours have 41 characters, an operator's own may have more. */
const maxTokenLength = 1024;

/**
 * The account that the token opens, and how far; null when it is unknown, revoked or expired. The time it takes says
 * nothing about how much of a guess was right: what is compared is a hash of it. Throws `suspended`.
 */
export async function authenticate(store: Store, token: string): Promise<Caller | null> {
  if (token === '' || token.length > maxTokenLength) return null;
  const caller = await store.authorizations.findByHash(hashToken(token));
  if (caller !== null) requireActive(caller.account);
  return caller;
}
