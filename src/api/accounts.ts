import { createAccount } from '../account/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import type { AccountId } from '../model/ids.ts';
import { serializeAccount } from './account.ts';
import { invalidField, objectBody, stringField } from './body.ts';
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
  'DELETE /accounts/:account': withOperator(async (call) => {
    const which = call.param('account');
    const { accounts } = call.platform.store;
    const account = which.includes('@')
      ? await accounts.findByEmail(which)
      : await accounts.findById(which.toLowerCase() as AccountId);
    if (account === null) throw new PlatformError('not_found', "Couldn't find that account.", { resource: 'account' });
    if (account.isOperator) throw new PlatformError('invalid_params', "The operator's account can't be deleted.");
    await accounts.delete(account.id);
    return serializeAccount(account);
  }),
};
