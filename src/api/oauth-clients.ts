import { randomUUID, timingSafeEqual } from 'node:crypto';
import { hashToken } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Platform } from '../lifecycle/index.ts';
import type { OAuthClientId } from '../model/ids.ts';
import type { OAuthClient } from '../model/oauth-client.ts';
import type { ApiCall } from './api-call.ts';
import { invalidField, objectBody, stringField } from './body.ts';
import { withAccount, type Routes } from './route.ts';
import { timestamp } from './timestamp.ts';

const maxPerAccount = 100;

/** The programs that an account has registered, so that others can let them in. */
export const oauthClientRoutes: Routes = {
  'GET /oauth/clients': withAccount(async (call) => {
    const clients = await call.platform.store.oauthClients.list(call.account.id);
    return clients.map((client) => serialize(client, call));
  }),
  'POST /oauth/clients': withAccount(create),
  'GET /oauth/clients/:client': withAccount(async (call) => serialize(await findOwn(call), call)),
  'PATCH /oauth/clients/:client': withAccount(async (call) => {
    const client = await findOwn(call);
    const { name, redirectUri } = fields(call);
    const change = {
      ...(name === undefined ? {} : { name: parseName(name) }),
      ...(redirectUri === undefined ? {} : { redirectUri: parseRedirectUri(redirectUri) }),
    };
    return serialize(await call.platform.store.oauthClients.update(client.id, change), call);
  }),
  'DELETE /oauth/clients/:client': withAccount(async (call) => {
    const client = await findOwn(call);
    await call.platform.store.oauthClients.delete(client.id);
    return serialize(client, call);
  }),
  'POST /oauth/clients/:client/actions/rotate-credentials': withAccount(async (call) => {
    const { id } = await findOwn(call);
    const sealedSecret = call.platform.secretBox.seal(contextOf(id), randomUUID());
    return serialize(await call.platform.store.oauthClients.update(id, { sealedSecret }), call);
  }),
};

/** Of whichever account: anybody may let a client in. Throws `not_found`. */
export async function findAnyClient(id: string, { store }: Platform): Promise<OAuthClient> {
  const client = await store.oauthClients.findById(id.toLowerCase() as OAuthClientId);
  if (client !== null) return client;
  throw new PlatformError('not_found', "Couldn't find that OAuth client. See heroku clients.", { resource: 'client' });
}

export function isSecretOf({ id, sealedSecret }: OAuthClient, secret: string, { secretBox }: Platform): boolean {
  const expected = hashToken(secretBox.open(contextOf(id), sealedSecret));
  return timingSafeEqual(Buffer.from(hashToken(secret)), Buffer.from(expected));
}

async function create(call: ApiCall): Promise<unknown> {
  const { name, redirectUri } = fields(call);
  const id = randomUUID() as OAuthClientId;
  const wanted = {
    id,
    accountId: call.account.id,
    name: parseName(name ?? ''),
    redirectUri: parseRedirectUri(redirectUri ?? ''),
    sealedSecret: call.platform.secretBox.seal(contextOf(id), randomUUID()),
  };
  const client = await call.platform.store.transaction(async (tx) => {
    if ((await tx.oauthClients.list(call.account.id)).length >= maxPerAccount) {
      throw new PlatformError(
        'invalid_params',
        `An account has at most ${maxPerAccount} OAuth clients. Remove some with heroku clients:destroy.`,
      );
    }
    return tx.oauthClients.create(wanted);
  });
  call.reply.code(201);
  return serialize(client, call);
}

async function findOwn(call: ApiCall): Promise<OAuthClient> {
  const which = call.param('client');
  const client = await findAnyClient(which, call.platform);
  if (client.accountId === call.account.id) return client;
  return findAnyClient('', call.platform);
}

function fields(call: ApiCall): { readonly name: string | undefined; readonly redirectUri: string | undefined } {
  const body = objectBody(call.body);
  return { name: stringField(body, 'name'), redirectUri: stringField(body, 'redirect_uri') };
}

function parseName(text: string): string {
  if (text.trim() !== '' && text.length <= 100) return text;
  throw invalidField('name', 'must have from 1 to 100 characters');
}

function parseRedirectUri(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = url?.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url !== null && (url.protocol === 'https:' || isLocal) && url.hash === '') return text;
  throw invalidField('redirect_uri', 'must be an https:// URL without a fragment, or an http:// one on localhost');
}

function contextOf(id: OAuthClientId): string {
  return `oauth-client:${id}`;
}

function serialize(client: OAuthClient, { platform }: ApiCall): unknown {
  return {
    id: client.id,
    name: client.name,
    redirect_uri: client.redirectUri,
    secret: platform.secretBox.open(contextOf(client.id), client.sealedSecret),
    ignores_delinquent: false,
    created_at: timestamp(client.createdAt),
    updated_at: timestamp(client.updatedAt),
  };
}
