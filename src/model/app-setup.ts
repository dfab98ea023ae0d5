import type { AccountId, AppId, AppSetupId, AppName, BuildId } from './ids.ts';

/** An app that is made from a source with an `app.json`. Its record outlives the app, which goes when the setup fails. */
export interface AppSetup {
  readonly id: AppSetupId;
  readonly accountId: AccountId;
  readonly appId: AppId;
  readonly appName: AppName;
  /** `pending` in the store after a restart means that it was interrupted. */
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly failureMessage: string | null;
  /** What is wrong with the `app.json`. */
  readonly manifestErrors: readonly string[];
  readonly buildId: BuildId | null;
  readonly postdeploy: { readonly output: string; readonly exitCode: number } | null;
  readonly successUrl: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
