import { PlatformError } from '../errors/platform-error.ts';
import type { Account } from '../model/account.ts';
import type { App } from '../model/app.ts';
import type { AppTransfer } from '../model/app-transfer.ts';
import type { Platform } from './platform.ts';

/** Offers the app to another account, which is its owner once it accepts. Throws `invalid_params`. */
export async function offerApp(app: App, recipient: Account, { store }: Platform): Promise<AppTransfer> {
  if (recipient.id === app.ownerId) {
    throw new PlatformError('invalid_params', `${recipient.email} is the owner of ${app.name} already.`);
  }
  return store.transaction(async (tx) => {
    const [pending] = await tx.appTransfers.listPending(app.id);
    if (pending !== undefined) {
      throw new PlatformError(
        'invalid_params',
        `${app.name} is offered to ${pending.recipientEmail} already. Withdraw that first: DELETE /account/app-transfers/${pending.id}.`,
      );
    }
    const parties = { ownerId: app.ownerId, recipientId: recipient.id };
    return tx.appTransfers.create({ appId: app.id, ...parties, state: 'pending' });
  });
}

/**
 * The recipient's word. Accepted, the app is the recipient's, and who had it stays as a collaborator.
 * Source: https://devcenter.heroku.com/articles/transferring-apps
 */
export async function answerTransfer(
  transfer: AppTransfer,
  state: 'accepted' | 'declined',
  { store, formation }: Platform,
): Promise<void> {
  const changed = await store.transaction(async (tx) => {
    const app = await tx.apps.findById(transfer.appId);
    const isOpen = await tx.appTransfers.answer(transfer.id, state);
    if (!isOpen || app === null || app.ownerId !== transfer.ownerId) {
      throw new PlatformError('invalid_params', 'This transfer was answered already. Ask the owner for a new one.');
    }
    if (state === 'declined') return null;
    const { appId, ownerId, recipientId } = transfer;
    const shared = await tx.collaborators.find(appId, recipientId);
    if (shared !== null) await tx.collaborators.remove(shared.id);
    await tx.collaborators.set(appId, ownerId, ['view', 'deploy', 'operate']);
    return tx.apps.update(appId, { ownerId: recipientId });
  });
  if (changed !== null) await formation.refreshRoute(changed);
}
