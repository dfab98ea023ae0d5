import type { AuditEntry } from '../model/audit.ts';
import type { AppId } from '../model/ids.ts';

/** Entries come to be in the transactions of what they tell of: nobody creates them through this. */
export interface AuditQueries {
  /** The newest first. At most 100,000 are kept. */
  list(options: { readonly appId?: AppId; readonly max: number }): Promise<readonly AuditEntry[]>;
}
