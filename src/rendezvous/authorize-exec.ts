import { scopesAllow } from '../account/index.ts';
import { authorizeApp } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { App } from '../model/app.ts';
import type { Caller } from '../model/authorization.ts';
import type { Store } from '../store/index.ts';
import type { ExecReservation } from './exec-reservations.ts';

/**
 * The app, if the caller may go into its dynos: the same as for a one-off dyno, for what runs there sees the config vars.
 * Throws `forbidden` and `not_found`.
 */
export async function authorizeExec(store: Store, caller: Caller, nameOrId: string): Promise<App> {
  const { account, authorization } = caller;
  if (!scopesAllow(authorization.scopes, 'config-vars', 'write')) {
    throw new PlatformError('forbidden', `The token has the scope ${authorization.scopes.join(', ')} only.`);
  }
  return authorizeApp(store, account, nameOrId, ['operate']);
}

/**
 * Throws when who made the reservation may not go in any more: the token was revoked or has expired, the account is gone,
 * or may not operate the app.
 */
export async function reauthorizeExec(store: Store, reservation: ExecReservation): Promise<void> {
  const { authorizationId, accountId, appId } = reservation;
  const authorization = await store.authorizations.findById(authorizationId);
  const account = await store.accounts.findById(accountId);
  // One that has expired is found as long as it can be refreshed.
  const isExpired = (authorization?.expiresAt ?? null) !== null && Number(authorization?.expiresAt) <= Date.now();
  if (authorization === null || account === null || authorization.accountId !== accountId || isExpired) {
    const message = 'The token that this connection was asked for with is revoked or has expired.';
    throw new PlatformError('unauthorized', `${message} Log in with heroku login, and run the command again.`);
  }
  await authorizeExec(store, { account, authorization }, appId);
}
