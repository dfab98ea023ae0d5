import { createAccount } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import type { AccountId } from '../model/ids.ts';
import { serializeAccount } from './account.ts';
import type { ApiCall } from './api-call.ts';
import { booleanField, invalidField, objectBody, stringField } from './body.ts';
import { withOperator, type Routes } from './route.ts';

/** Our own: further accounts of this platform, which only its operator makes. At Heroku one signs up. */
export const accountsRoutes: Routes = {
  'GET /accounts': withOperator(async (call) => (await call.platform.store.accounts.list()).map(serializeAccount)),
  'POST /accounts': withOperator(async (call) => {
    const body = objectBody(call.body);
    const email = stringField(body, 'email');
    if (email === undefined) throw invalidField('email', 'must be given');
    const password = stringField(body, 'password');
    const wanted = { email, ...(password === undefined ? {} : { password }) };
    const { account, token } = await createAccount(call.platform.store, wanted);
    call.reply.code(201);
    return { ...serializeAccount(account), access_token: { token } };
  }),
  'PATCH /accounts/:account': withOperator(async (call) => {
    const isSuspended = booleanField(objectBody(call.body), 'suspended');
    if (isSuspended === undefined) throw invalidField('suspended', 'must be given');
    const account = await findAccount(call);
    if (account.isOperator) throw new PlatformError('invalid_params', "The operator's account can't be suspended.");
    if (isSuspended === (account.suspendedAt !== null)) return serializeAccount(account);
    const suspendedAt = isSuspended ? new Date() : null;
    return serializeAccount(await call.platform.store.accounts.update(account.id, { suspendedAt }));
  }),
  'DELETE /accounts/:account': withOperator(async (call) => {
    const account = await findAccount(call);
    if (account.isOperator) throw new PlatformError('invalid_params', "The operator's account can't be deleted.");
    await call.platform.store.accounts.delete(account.id);
    return serializeAccount(account);
  }),
};

async function findAccount(call: ApiCall): Promise<Account> {
  const which = call.param('account');
  const { accounts } = call.platform.store;
  const account = which.includes('@')
    ? await accounts.findByEmail(which)
    : await accounts.findById(which.toLowerCase() as AccountId);
  if (account !== null) return account;
  throw new PlatformError('not_found', "Couldn't find that account.", { resource: 'account' });
}
