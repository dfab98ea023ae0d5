import {
  createAuthorization,
  firstDescription,
  hashToken,
  grantLifeMs,
  hintOf,
  newGrantCode,
  newToken,
} from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { scopes, type Authorization, type Scope } from '../model/authorization.ts';
import type { AuthorizationId, OAuthClientId } from '../model/ids.ts';
import type { OAuthClient } from '../model/oauth-client.ts';
import type { ApiCall } from './api-call.ts';
import {
  identityField,
  integerField,
  invalidField,
  objectBody,
  objectField,
  stringField,
  type JsonObject,
} from './body.ts';
import { withAccount, type Routes } from './route.ts';
import { sendPage } from './send-page.ts';
import { findAnyClient, isSecretOf } from './oauth-clients.ts';
import { serializeAuthorization } from './serialize-authorization.ts';
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
    const page = sendPage(call, authorizations, fields, (authorization) => authorization) as readonly Authorization[];
    return Promise.all(page.map((authorization) => serializeAuthorization(call, authorization)));
  }),
  'POST /oauth/authorizations': withAccount(create, { acceptsPassword: true }),
  'GET /oauth/authorizations/:authorization': withAccount(async (call) =>
    serializeAuthorization(call, await find(call)),
  ),
  'PATCH /oauth/authorizations/:authorization': withAccount(async (call) => {
    const authorization = await find(call);
    const body = objectBody(call.body);
    const description = stringField(body, 'description', maxDescription);
    const client = await clientOf(call, body);
    if (description !== undefined || client !== null) refuseFirst(authorization);
    const change = {
      ...(description === undefined ? {} : { description: parseDescription(description) }),
      ...(client === null ? {} : { clientId: client.id }),
    };
    const updated = await call.platform.store.authorizations.update(authorization.id, change);
    return serializeAuthorization(call, updated);
  }),
  'DELETE /oauth/authorizations/:authorization': withAccount(async (call) => {
    const authorization = await find(call);
    refuseFirst(authorization);
    await call.platform.store.authorizations.revoke(authorization.id);
    return serializeAuthorization(call, authorization);
  }),
  'POST /oauth/authorizations/:authorization/actions/regenerate-tokens': withAccount(regenerate),
};

async function create(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const seconds = integerField(body, 'expires_in');
  if (seconds !== undefined && (seconds < 1 || seconds > maxSeconds)) {
    throw invalidField(
      'expires_in',
      `must be a number of seconds from 1 to ${maxSeconds}, or null for a token that does not expire`,
    );
  }
  const client =
    body['client'] === undefined || body['client'] === null ? null : await findClient(call, body['client']);
  const code = client === null ? null : newGrantCode();
  const wanted = {
    accountId: call.account.id,
    description: parseDescription(stringField(body, 'description', maxDescription)),
    scopes: parseScopes(body['scope']),
    expiresAt: seconds === undefined ? null : new Date(Date.now() + seconds * 1000),
  };
  // A client gets a code first, and what it can do ends with the code if nobody exchanges it.
  const forClient = (id: OAuthClientId) => ({ clientId: id, expiresAt: new Date(Date.now() + grantLifeMs) });
  const { authorization, token } = await createAuthorization(call.platform.store, {
    ...wanted,
    ...(client === null || code === null ? {} : { ...forClient(client.id), grantHash: hashToken(code) }),
  });
  call.reply.code(201);
  return serializeAuthorization(call, authorization, code === null ? { token } : { code });
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
    // Who holds a code or a refresh token of before is shut out as well.
    ...(authorization.clientId === null ? {} : { grantHash: null, refreshHash: null }),
    // As long as it was given before.
    ...(lifeMs === null ? {} : { expiresAt: new Date(Date.now() + lifeMs) }),
  });
  return serializeAuthorization(call, updated, { token });
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

function findClient(call: ApiCall, client: unknown): Promise<OAuthClient> {
  return findAnyClient(identityField({ client }, 'client') ?? '', call.platform);
}

/** The client that a token is given to later: whoever does it knows its secret. Null: none is named. */
async function clientOf(call: ApiCall, body: JsonObject): Promise<OAuthClient | null> {
  const given = objectField(body, 'client');
  if (given === undefined) return null;
  const client = await findClient(call, given);
  if (isSecretOf(client, stringField(given, 'secret') ?? '', call.platform)) return client;
  throw invalidField('client.secret', 'must be the secret of that client. See heroku clients:info');
}

function parseScopes(value: unknown): readonly Scope[] {
  if (value === undefined || value === null) return ['global'];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const known = scopes.filter((scope) => list.includes(scope));
  if (known.length > 0 && list.every((name) => scopes.some((scope) => scope === name))) return known;
  throw invalidField('scope', `must be a list of ${scopes.join(', ')}`);
}
