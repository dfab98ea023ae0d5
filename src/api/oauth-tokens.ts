import { hashToken, hintOf, newGrantCode, newToken } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Authorization } from '../model/authorization.ts';
import type { Queries, Transaction } from '../store/index.ts';
import type { OpenCall } from './api-call.ts';
import { invalidField, objectBody, objectField, stringField } from './body.ts';
import { findAnyClient, isSecretOf } from './oauth-clients.ts';
import { withAccount, withNobody, type Routes } from './route.ts';
import { serializeAccessToken, sessionId } from './serialize-authorization.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

/** Of the access token of a client. Source: https://devcenter.heroku.com/articles/oauth#token-refresh */
const clientTokenLifeMs = 8 * 3_600_000;

/**
 * Tokens of OAuth clients. Who has a code or a refresh token, and the client's secret, needs no other token.
 * Source: https://devcenter.heroku.com/articles/platform-api-reference#oauth-token
 */
export const oauthTokenRoutes: Routes = {
  'POST /oauth/tokens': withNobody(exchange),
  'DELETE /oauth/tokens/:token': withAccount(async (call) => {
    const { authorizations } = call.platform.store;
    const found = (await authorizations.list(call.account.id)).find(
      (each) => each.clientId !== null && serializeAccessToken(each).id === call.param('token').toLowerCase(),
    );
    if (found === undefined) throw new PlatformError('not_found', "Couldn't find that token.", { resource: 'token' });
    await authorizations.revoke(found.id);
    return serialize(found, {});
  }),
};

async function exchange(call: OpenCall): Promise<unknown> {
  const body = objectBody(call.body);
  const grant = objectField(body, 'grant') ?? {};
  const type = stringField(grant, 'type');
  if (type !== 'authorization_code' && type !== 'refresh_token') {
    throw invalidField('grant.type', 'must be authorization_code or refresh_token');
  }
  const clientSecret = stringField(objectField(body, 'client') ?? {}, 'secret') ?? '';
  const code = stringField(grant, 'code') ?? '';
  const refresh = stringField(objectField(body, 'refresh_token') ?? {}, 'token') ?? '';
  const fresh = { token: newToken(), refresh: type === 'refresh_token' ? refresh : newGrantCode() };
  const { store, guesses } = call.platform;
  const find = ({ authorizations }: Queries): Promise<Authorization | null> =>
    type === 'refresh_token'
      ? authorizations.findByRefresh(hashToken(refresh))
      : authorizations.findByGrant(hashToken(code));
  const redeem = async (): Promise<Authorization | null> => {
    const found = await find(store);
    if (found === null || !(await isOfClient(found, clientSecret, call))) return null;
    const { id, email } = (await store.accounts.findById(found.accountId)) ?? { id: found.accountId, email: '' };
    // Somebody else with the same code may have been faster meanwhile.
    return await store.actingAs({ accountId: id, email }, { via: 'OAuth client', address: call.request.ip }, () =>
      store.transaction(async (tx) => ((await find(tx)) === null ? null : giveToken(found, fresh, tx))),
    );
  };
  const guess = { address: call.request.ip, secret: JSON.stringify([code, refresh, clientSecret]), account: null };
  const authorization = await guesses.attempt(guess, redeem);
  if (authorization === null) throw wrongGrant();
  call.reply.code(201).header('cache-control', 'no-store');
  return serialize(authorization, fresh, { type, code, clientSecret });
}

/** The same failure for everything that is wrong, so that a code can't be tried out without the secret. */
function wrongGrant(): PlatformError {
  return new PlatformError(
    'unauthorized',
    'The code or refresh token is unknown, expired or used up, or the client secret is not that of its client. Ask for a new authorization.',
  );
}

async function isOfClient({ clientId }: Authorization, secret: string, { platform }: OpenCall): Promise<boolean> {
  const client = clientId === null ? null : await findAnyClient(clientId, platform);
  return client !== null && isSecretOf(client, secret, platform);
}

/** A code is used up by it; a refresh token stays. */
function giveToken(
  { id }: Authorization,
  fresh: { readonly token: string; readonly refresh: string },
  tx: Transaction,
): Promise<Authorization> {
  return tx.authorizations.update(id, {
    hash: hashToken(fresh.token),
    hint: hintOf(fresh.token),
    expiresAt: new Date(Date.now() + clientTokenLifeMs),
    grantHash: null,
    refreshHash: hashToken(fresh.refresh),
  });
}

function serialize(
  authorization: Authorization,
  fresh: { readonly token?: string; readonly refresh?: string },
  given: { readonly type?: string; readonly code?: string; readonly clientSecret?: string } = {},
): unknown {
  const { id } = authorization;
  const accessToken = serializeAccessToken(authorization, fresh.token);
  return {
    id: accessToken.id,
    access_token: accessToken,
    authorization: { id },
    client: { secret: given.clientSecret ?? '' },
    grant: { code: given.code ?? '', type: given.type ?? 'authorization_code' },
    refresh_token: { id: stableId('refresh-token', id), token: fresh.refresh ?? '', expires_in: null },
    session: { id: sessionId(authorization) },
    user: { id: authorization.accountId },
    created_at: timestamp(authorization.createdAt),
    updated_at: timestamp(authorization.updatedAt),
  };
}
