import { createAuthorization, firstDescription, hashToken, hintOf, newToken } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import { scopes, type Authorization, type Scope } from '../model/authorization.ts';
import type { AuthorizationId } from '../model/ids.ts';
import type { ApiCall } from './api-call.ts';
import { integerField, invalidField, objectBody, stringField } from './body.ts';
import { withAccount, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { stableId } from './stable-id.ts';
import { timestamp } from './timestamp.ts';

const maxDescription = 500;
const maxSeconds = 100 * 365 * 24 * 3600;

/** The tokens of an account. A token is shown once, when it is made; afterwards only its first and last characters are known. */
export const authorizationRoutes: Routes = {
  'GET /oauth/authorizations': withAccount(async (call) => {
    const authorizations = await call.platform.store.authorizations.list(call.account.id);
    const fields = {
      id: ({ id }: Authorization) => id,
      created_at: ({ createdAt }: Authorization) => timestamp(createdAt),
      updated_at: ({ updatedAt }: Authorization) => timestamp(updatedAt),
    };
    return sendPage(call, authorizations, fields, (authorization) => serialize(authorization, call.account));
  }),
  'POST /oauth/authorizations': withAccount(create, { acceptsPassword: true }),
  'GET /oauth/authorizations/:authorization': withAccount(async (call) => serialize(await find(call), call.account)),
  'PATCH /oauth/authorizations/:authorization': withAccount(async (call) => {
    const authorization = await find(call);
    const body = objectBody(call.body);
    refuseClient(body['client']);
    const description = stringField(body, 'description', maxDescription);
    if (description !== undefined) refuseFirst(authorization);
    const change = description === undefined ? {} : { description: parseDescription(description) };
    const updated = await call.platform.store.authorizations.update(authorization.id, change);
    return serialize(updated, call.account);
  }),
  'DELETE /oauth/authorizations/:authorization': withAccount(async (call) => {
    const authorization = await find(call);
    refuseFirst(authorization);
    await call.platform.store.authorizations.revoke(authorization.id);
    return serialize(authorization, call.account);
  }),
  'POST /oauth/authorizations/:authorization/actions/regenerate-tokens': withAccount(regenerate),
  // Logins through a browser session of Heroku's; the official CLI asks for its own when it logs out.
  'GET /oauth/sessions': withAccount(() => []),
  'DELETE /oauth/sessions/:session': withAccount(() => {
    throw new PlatformError('not_found', "Couldn't find that session.", { resource: 'session' });
  }),
};

async function create(call: ApiCall): Promise<unknown> {
  const { store } = call.platform;
  const body = objectBody(call.body);
  refuseClient(body['client']);
  const seconds = integerField(body, 'expires_in');
  if (seconds !== undefined && (seconds < 1 || seconds > maxSeconds)) {
    throw invalidField(
      'expires_in',
      `must be a number of seconds from 1 to ${maxSeconds}, or null for a token that does not expire`,
    );
  }
  const { authorization, token } = await createAuthorization(store, {
    accountId: call.account.id,
    description: parseDescription(stringField(body, 'description', maxDescription)),
    scopes: parseScopes(body['scope']),
    expiresAt: seconds === undefined ? null : new Date(Date.now() + seconds * 1000),
  });
  call.reply.code(201);
  return serialize(authorization, call.account, token);
}

async function regenerate(call: ApiCall): Promise<unknown> {
  const authorization = await find(call);
  refuseFirst(authorization);
  const token = newToken();
  const { createdAt, updatedAt, expiresAt } = authorization;
  const lifeMs = expiresAt === null ? null : expiresAt.getTime() - Math.max(createdAt.getTime(), updatedAt.getTime());
  const updated = await call.platform.store.authorizations.update(authorization.id, {
    hash: hashToken(token),
    hint: hintOf(token),
    // As long as it was given before.
    ...(lifeMs === null ? {} : { expiresAt: new Date(Date.now() + lifeMs) }),
  });
  return serialize(updated, call.account, token);
}

/** By id, among the account's own. `~` is the one that Heroku calls the API key: here the operator's HOKKU_API_KEY. */
async function find(call: ApiCall): Promise<Authorization> {
  const which = call.param('authorization').toLowerCase();
  const { authorizations } = call.platform.store;
  const found =
    which === '~'
      ? ((await authorizations.list(call.account.id)).find(isFirst) ?? null)
      : await authorizations.findById(which as AuthorizationId);
  if (found !== null && found.accountId === call.account.id) return found;
  throw new PlatformError('not_found', "Couldn't find that authorization.", { resource: 'authorization' });
}

function isFirst({ description }: Authorization): boolean {
  return description === firstDescription;
}

/** It would be back at the next start of the platform. */
function refuseFirst(authorization: Authorization): void {
  if (!isFirst(authorization)) return;
  throw new PlatformError(
    'invalid_params',
    'This authorization is the token that the platform is started with (HOKKU_API_KEY). Change it there, and start the platform again.',
  );
}

function parseDescription(text: string | undefined): string {
  if (text === firstDescription)
    throw invalidField('description', 'must be another one; the platform uses this itself');
  return text ?? 'Long-lived user authorization';
}

function refuseClient(client: unknown): void {
  if (client === undefined || client === null) return;
  throw new PlatformError('not_found', "Couldn't find that OAuth client. Leave out the client.", {
    resource: 'client',
  });
}

function parseScopes(value: unknown): readonly Scope[] {
  if (value === undefined || value === null) return ['global'];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const known = scopes.filter((scope) => list.includes(scope));
  if (known.length > 0 && list.every((name) => scopes.some((scope) => scope === name))) return known;
  throw invalidField('scope', `must be a list of ${scopes.join(', ')}`);
}

/** `token` is there when it has just been made. */
function serialize(authorization: Authorization, account: Account, token?: string): unknown {
  const { expiresAt, id } = authorization;
  return {
    id,
    description: authorization.description,
    scope: authorization.scopes,
    access_token: {
      id: stableId('access-token', id, timestamp(authorization.updatedAt)),
      // Never only stars: `heroku logout` would take that for any token, its own included, and revoke it.
      token: token ?? authorization.hint ?? 'not kept',
      expires_in: expiresAt === null ? null : Math.max(0, Math.ceil((expiresAt.getTime() - Date.now()) / 1000)),
    },
    client: null,
    grant: null,
    refresh_token: null,
    session: null,
    user: { id: account.id, email: account.email, full_name: account.name },
    created_at: timestamp(authorization.createdAt),
    updated_at: timestamp(authorization.updatedAt),
  };
}
