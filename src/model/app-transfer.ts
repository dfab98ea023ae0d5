import type { AccountId, AppId, AppTransferId } from './ids.ts';

/** An app that its owner offers to another account. */
export interface AppTransfer {
  readonly id: AppTransferId;
  readonly appId: AppId;
  readonly appName: string;
  readonly ownerId: AccountId;
  readonly ownerEmail: string;
  readonly recipientId: AccountId;
  readonly recipientEmail: string;
  readonly state: 'pending' | 'accepted' | 'declined';
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
