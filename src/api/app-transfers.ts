import { authorizeApp } from '../app/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { answerTransfer, offerApp } from '../lifecycle/index.ts';
import type { AppTransfer } from '../model/app-transfer.ts';
import type { AccountId } from '../model/ids.ts';
import type { ApiCall } from './api-call.ts';
import { identityField, invalidField, objectBody, stringField } from './body.ts';
import { withAccount, type Routes } from './route.ts';
import { timestamp } from './timestamp.ts';

/** Apps on their way from one account to another. At Heroku an e-mail tells the recipient; here its owner does. */
export const appTransferRoutes: Routes = {
  'GET /account/app-transfers': withAccount(async (call) => (await transfersOf(call)).map(serialize)),
  'POST /account/app-transfers': withAccount(offer),
  'GET /account/app-transfers/:transfer': withAccount(async (call) => serialize(await find(call))),
  'PATCH /account/app-transfers/:transfer': withAccount(async (call) => {
    const transfer = await find(call);
    const state = stringField(objectBody(call.body), 'state');
    if (state !== 'accepted' && state !== 'declined') throw invalidField('state', 'must be accepted or declined');
    if (transfer.recipientId !== call.account.id) {
      throw new PlatformError('forbidden', `Only ${transfer.recipientEmail} can accept or decline this transfer.`);
    }
    await answerTransfer(transfer, state, call.platform);
    return serialize(await find(call));
  }),
  'DELETE /account/app-transfers/:transfer': withAccount(async (call) => {
    const transfer = await find(call);
    if (transfer.ownerId !== call.account.id) {
      throw new PlatformError(
        'forbidden',
        `Only ${transfer.ownerEmail} can withdraw this transfer. Decline it instead.`,
      );
    }
    await call.platform.store.appTransfers.delete(transfer.id);
    return serialize(transfer);
  }),
};

async function offer(call: ApiCall): Promise<unknown> {
  const body = objectBody(call.body);
  const { store } = call.platform;
  const app = await authorizeApp(store, call.account, identityField(body, 'app') ?? '', 'owner');
  const who = identityField(body, 'recipient') ?? '';
  const recipient = who.includes('@')
    ? await store.accounts.findByEmail(who)
    : await store.accounts.findById(who.toLowerCase() as AccountId);
  if (recipient === null) {
    throw new PlatformError(
      'not_found',
      "Couldn't find that recipient. There must be an account first; the platform's operator makes it with POST /accounts.",
      { resource: 'user' },
    );
  }
  const transfer = await offerApp(app, recipient, call.platform);
  call.warn(
    `No e-mail is sent. ${recipient.email} takes ${app.name} with PATCH /account/app-transfers/${transfer.id} and the body {"state": "accepted"}.`,
  );
  call.reply.code(201);
  return serialize(transfer);
}

function transfersOf(call: ApiCall): Promise<readonly AppTransfer[]> {
  return call.platform.store.appTransfers.list(call.account.id);
}

/** By id, or by the name of the app while it is pending. */
async function find(call: ApiCall): Promise<AppTransfer> {
  const which = call.param('transfer');
  const transfer = (await transfersOf(call)).find(
    ({ id, appName, state }) => id === which.toLowerCase() || (appName === which && state === 'pending'),
  );
  if (transfer !== undefined) return transfer;
  throw new PlatformError('not_found', "Couldn't find that app transfer.", { resource: 'app_transfer' });
}

function serialize(transfer: AppTransfer): unknown {
  return {
    id: transfer.id,
    app: { id: transfer.appId, name: transfer.appName },
    owner: { id: transfer.ownerId, email: transfer.ownerEmail },
    recipient: { id: transfer.recipientId, email: transfer.recipientEmail },
    state: transfer.state,
    created_at: timestamp(transfer.createdAt),
    updated_at: timestamp(transfer.updatedAt),
  };
}
