import { parseSshKey } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { SshKey } from '../model/ssh-key.ts';
import type { ApiCall } from './api-call.ts';
import { objectBody, stringField } from './body.ts';
import { withAccount, type Routes } from './route.ts';
import { timestamp } from './timestamp.ts';

const maxPerAccount = 100;

/** Kept for who asks; git is pushed over HTTPS here, as at Heroku, where no key is looked at. */
export const sshKeyRoutes: Routes = {
  'GET /account/keys': withAccount(
    async (call) => {
      const keys = await call.platform.store.sshKeys.list(call.account.id);
      return keys.map((key) => serialize(key, call));
    },
    { reach: 'identity' },
  ),
  'POST /account/keys': withAccount(add),
  'GET /account/keys/:key': withAccount(async (call) => serialize(await find(call), call), { reach: 'identity' }),
  'DELETE /account/keys/:key': withAccount(async (call) => {
    const key = await find(call);
    await call.platform.store.sshKeys.delete(key.id);
    return serialize(key, call);
  }),
};

async function add(call: ApiCall): Promise<unknown> {
  const key = parseSshKey(stringField(objectBody(call.body), 'public_key', 20_000) ?? '');
  const added = await call.platform.store.transaction(async (tx) => {
    if ((await tx.sshKeys.list(call.account.id)).length >= maxPerAccount) {
      throw new PlatformError(
        'invalid_params',
        `An account has at most ${maxPerAccount} SSH keys. Remove some with heroku keys:remove.`,
      );
    }
    return tx.sshKeys.create({ ...key, accountId: call.account.id });
  });
  call.reply.code(201);
  return serialize(added, call);
}

/** By id or fingerprint. */
async function find(call: ApiCall): Promise<SshKey> {
  const which = call.param('key').toLowerCase();
  const keys = await call.platform.store.sshKeys.list(call.account.id);
  const key = keys.find(({ id, fingerprint }) => id === which || fingerprint === which);
  if (key !== undefined) return key;
  throw new PlatformError('not_found', "Couldn't find that key. See heroku keys.", { resource: 'key' });
}

function serialize(key: SshKey, { account }: ApiCall): unknown {
  const at = timestamp(key.createdAt);
  return {
    id: key.id,
    comment: key.comment,
    email: account.email,
    fingerprint: key.fingerprint,
    public_key: key.publicKey,
    created_at: at,
    updated_at: at,
  };
}
