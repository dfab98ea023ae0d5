import type { AccountId, AppId, AppName } from './ids.ts';

export interface App {
  readonly id: AppId;
  readonly name: AppName;
  readonly ownerId: AccountId;
  readonly ownerEmail: string;
  readonly stack: string;
  readonly region: string;
  readonly maintenance: boolean;
  /** Automated certificate management: the platform gets certificates for the app's domains. */
  readonly acm: boolean;
  /** Host user id that owns this app's files and runs its builds and dynos when the platform runs as root. Unique, >= 100,000. */
  readonly uid: number;
  /** Display name of the last primary buildpack (`Python`), null before the first build. */
  readonly buildpackProvidedDescription: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the current code release was created; null before the first deploy. */
  readonly releasedAt: Date | null;
}
