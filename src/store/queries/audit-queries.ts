import { sql, type Selectable, type Transaction } from 'kysely';
import type { AuditEntry } from '../../model/audit.ts';
import type { AccountId, AppId } from '../../model/ids.ts';
import type { AuditQueries } from '../audit-store.ts';
import { fromTime, toText, toTextOrNull, toTime } from '../codecs.ts';
import { nextNumber, type Handle } from '../handle.ts';
import type { Schema } from '../schema.ts';

/** Some 30 MB. The oldest give way. */
const maxEntries = 100_000;
const maxDetailLength = 500;

export function auditQueries({ read }: Handle): AuditQueries {
  return {
    list: async ({ appId, max }) => {
      const all = read.selectFrom('audit_entries').selectAll().orderBy('number', 'desc').limit(max);
      const rows = await (appId === undefined ? all : all.where('app_id', '=', appId)).execute();
      return rows.map(toEntry);
    },
  };
}

/** Tables whose rows belong to an app. */
export type AppTable =
  'app_transfers' | 'collaborators' | 'domains' | 'log_drains' | 'pipeline_couplings' | 'sni_endpoints' | 'webhooks';

/** The app that this row belongs to; null when there is no such row. */
export async function findAppOf(db: Transaction<Schema>, table: AppTable, id: string): Promise<AppId | null> {
  const { rows } = await sql<{ app_id: string }>`select app_id from ${sql.table(table)} where id = ${id}`.execute(db);
  return (rows[0]?.app_id ?? null) as AppId | null;
}

/** Inside the transaction of what it tells of. */
export async function insertAuditEntry(db: Transaction<Schema>, entry: Omit<AuditEntry, 'number'>): Promise<void> {
  const number = await nextNumber(db, 'audit');
  await db
    .insertInto('audit_entries')
    .values({
      number,
      at: toTime(entry.at),
      account_id: entry.accountId,
      email: entry.email,
      via: toText(entry.via),
      address: entry.address,
      action: entry.action,
      app_id: entry.appId,
      app_name: toTextOrNull(entry.appName),
      detail: toText(entry.detail.slice(0, maxDetailLength)),
    })
    .execute();
  await db
    .deleteFrom('audit_entries')
    .where('number', '<=', number - maxEntries)
    .execute();
}

function toEntry(row: Selectable<Schema['audit_entries']>): AuditEntry {
  return {
    number: row.number,
    at: fromTime(row.at),
    accountId: row.account_id as AccountId,
    email: row.email,
    via: row.via,
    address: row.address,
    action: row.action,
    appId: row.app_id as AppId | null,
    appName: row.app_name,
    detail: row.detail,
  };
}
