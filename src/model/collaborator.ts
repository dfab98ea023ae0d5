import type { AccountId, AppId, CollaboratorId } from './ids.ts';

/** What an account may do with an app of somebody else's. Source: https://devcenter.heroku.com/articles/app-permissions */
export const appPermissions = ['view', 'deploy', 'operate', 'manage'] as const;
export type AppPermission = (typeof appPermissions)[number];

export interface Collaborator {
  readonly id: CollaboratorId;
  readonly appId: AppId;
  readonly accountId: AccountId;
  readonly email: string;
  /** `view` is always among them. */
  readonly permissions: readonly AppPermission[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
