import type { AccountId, AppId, ReleaseId } from './ids.ts';
import type { Slug } from './slug.ts';

/** `pending`: its release command runs. `failed`: that command failed. `expired`: its slug was collected. */
export type ReleaseStatus = 'pending' | 'succeeded' | 'failed' | 'expired';

/** Key -> value. Values are any bytes that are valid UTF-8, NUL excluded. */
export type ConfigVars = Readonly<Record<string, string>>;

/** An immutable, numbered join of a slug and config vars. Only `status` ever changes. */
export interface Release {
  readonly id: ReleaseId;
  readonly appId: AppId;
  /** Counts from 1 within the app; shown as `v12`. */
  readonly version: number;
  /** `Initial release`, `Deploy 193d1419`, `Set FOO, BAR config vars`, `Rollback to v4` ... */
  readonly description: string;
  readonly status: ReleaseStatus;
  /** Null before the first deploy. */
  readonly slug: Slug | null;
  readonly userId: AccountId;
  readonly userEmail: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
