import type { Actor } from '../model/account.ts';
import type { Deed, Origin } from '../model/audit.ts';
import { deeds, type DeedQueries } from './deeds.ts';
import type { Handle } from './handle.ts';
import { findAppOf, insertAuditEntry } from './queries/audit-queries.ts';
import { recordChanges, type Recording } from './record-changes.ts';
import type { Queries } from './store.ts';

export interface DeedRecording extends Recording {
  /** Null: the platform itself changes things now, which is nobody's deed. */
  doer(): { readonly actor: Actor; readonly origin: Origin } | null;
}

type AnyMethod = (...args: unknown[]) => Promise<unknown>;
type AnyDeed = (queries: DeedQueries, ...args: unknown[]) => Promise<Deed | null> | Deed | null;

/**
 * The queries, with an entry in the audit trail for each change that somebody makes, written in the very transaction of
 * the change: there is no change without its entry, and no entry of what was rolled back.
 */
export function recordDeeds(handle: Handle, recording: DeedRecording): Queries {
  const queries = recordChanges(handle, recording);
  const audited = Object.entries(deeds).map(([group, described]) => {
    const name = group as keyof Queries;
    const methods = Object.entries(described as Record<string, AnyDeed>).map(([method, describe]) => {
      const run: AnyMethod = (...args) => runDeed(handle, recording, { group: name, method, describe }, args);
      return [method, run] as const;
    });
    return [name, { ...queries[name], ...Object.fromEntries(methods) }] as const;
  });
  return { ...queries, ...Object.fromEntries(audited) };
}

function runDeed(
  handle: Handle,
  recording: DeedRecording,
  deed: { readonly group: keyof Queries; readonly method: string; readonly describe: AnyDeed },
  args: readonly unknown[],
): Promise<unknown> {
  return handle.write(async (db) => {
    const queries = recordChanges({ read: db, write: (work) => work(db) }, recording);
    const methods = queries[deed.group] as unknown as Record<string, AnyMethod>;
    const change = methods[deed.method];
    if (change === undefined) throw new Error(`Internal: there is no ${deed.group}.${deed.method}`);
    const doer = recording.doer();
    // Before the change: afterwards, what is removed has no name any more.
    const described =
      doer === null
        ? null
        : await deed.describe({ ...queries, appOf: (table, id) => findAppOf(db, table, id) }, ...args);
    const result = await change(...args);
    if (doer === null || described === null) return result;
    const { action, appId = null, detail } = described;
    const app = appId === null || described.appName !== undefined ? null : await queries.apps.findById(appId);
    await insertAuditEntry(db, {
      at: new Date(),
      accountId: doer.actor.accountId,
      email: doer.actor.email,
      ...doer.origin,
      action,
      appId,
      appName: described.appName ?? app?.name ?? null,
      detail,
    });
    return result;
  });
}
