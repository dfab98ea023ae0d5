import { grantLifeMs } from '../account/index.ts';
import type { Authorization } from '../model/authorization.ts';
import type { ApiCall } from './api-call.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

/** `fresh`: what has just been made, and is shown this once. */
export async function serializeAuthorization(
  { account, platform }: Pick<ApiCall, 'account' | 'platform'>,
  authorization: Authorization,
  fresh: { readonly token?: string; readonly code?: string } = {},
): Promise<unknown> {
  const { clientId, id, isGrant } = authorization;
  const client = clientId === null ? null : await platform.store.oauthClients.findById(clientId);
  return {
    id,
    description: authorization.description,
    scope: authorization.scopes,
    access_token: isGrant && fresh.token === undefined ? null : serializeAccessToken(authorization, fresh.token),
    client: client === null ? null : { id: client.id, name: client.name, redirect_uri: client.redirectUri },
    grant:
      fresh.code === undefined
        ? null
        : { id: stableId('grant', id), code: fresh.code, expires_in: Math.floor(grantLifeMs / 1000) },
    refresh_token: null,
    session: authorization.isSession ? { id: sessionId(authorization) } : null,
    user: { id: account.id, email: account.email, full_name: account.name },
    created_at: timestamp(authorization.createdAt),
    updated_at: timestamp(authorization.updatedAt),
  };
}

export interface AccessToken {
  readonly id: string;
  readonly token: string;
  /** In seconds; null: it does not expire. */
  readonly expires_in: number | null;
}

export function serializeAccessToken(authorization: Authorization, token?: string): AccessToken {
  const { expiresAt, id } = authorization;
  return {
    id: stableId('access-token', id, timestamp(authorization.updatedAt)),
    // Never only stars: `heroku logout` would take that for any token, its own included, and revoke it.
    token: token ?? authorization.hint ?? 'not kept',
    expires_in: expiresAt === null ? null : Math.max(0, Math.ceil((expiresAt.getTime() - Date.now()) / 1000)),
  };
}

export function sessionId({ id }: Authorization): string {
  return stableId('session', id);
}
