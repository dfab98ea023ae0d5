import { sql, type Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** Seals anew what was sealed for `context` (see sealed-box.ts). */
export type Reseal = (context: string, sealed: Uint8Array) => Uint8Array;

interface SealedColumn {
  readonly table: keyof Schema;
  readonly column: string;
  /** Columns that tell the rows apart. */
  readonly key: readonly string[];
  /** What the value is sealed for: a word and these columns, with colons between them. */
  readonly context: readonly [word: string, ...columns: string[]];
}

/** Every column that is encrypted with the secret key: all that hold bytes. */
export const sealedColumns: readonly SealedColumn[] = [
  { table: 'apps', column: 'config_vars', key: ['id'], context: ['config-vars', 'id'] },
  { table: 'releases', column: 'config_vars', key: ['id'], context: ['config-vars', 'app_id'] },
  { table: 'log_drains', column: 'url', key: ['id'], context: ['log-drain', 'id'] },
  { table: 'sni_endpoints', column: 'private_key', key: ['id'], context: ['sni-endpoint', 'id'] },
  { table: 'acm_orders', column: 'private_key', key: ['domain_id'], context: ['acm-order', 'domain_id'] },
  { table: 'acm_accounts', column: 'private_key', key: ['directory'], context: ['acm-account', 'directory'] },
  { table: 'oauth_clients', column: 'secret', key: ['id'], context: ['oauth-client', 'id'] },
  { table: 'webhooks', column: 'target', key: ['id'], context: ['webhook', 'id'] },
  {
    table: 'pipeline_config_vars',
    column: 'config_vars',
    key: ['pipeline_id', 'stage'],
    context: ['pipeline-config-vars', 'pipeline_id', 'stage'],
  },
];

/** Seals everything anew. Returns how many values there were. */
export async function resealColumns(db: Transaction<Schema>, reseal: Reseal): Promise<number> {
  let count = 0;
  for (const sealedColumn of sealedColumns) count += await resealColumn(db, sealedColumn, reseal);
  return count;
}

/** The keys of all rows fit into memory; the values are read one by one. */
async function resealColumn(
  db: Transaction<Schema>,
  { table, column, key, context: [word, ...columns] }: SealedColumn,
  reseal: Reseal,
): Promise<number> {
  const names = [...new Set([...key, ...columns])].map((name) => sql.ref(name));
  const { rows } = await sql<Record<string, string>>`select ${sql.join(names)} from ${sql.table(table)}
    where ${sql.ref(column)} is not null`.execute(db);
  for (const row of rows) {
    const isRow = sql.join(
      key.map((name) => sql`${sql.ref(name)} = ${row[name]}`),
      sql` and `,
    );
    const found = await sql<{ sealed: Uint8Array }>`select ${sql.ref(column)} as sealed from ${sql.table(table)}
      where ${isRow}`.execute(db);
    for (const { sealed } of found.rows) {
      const bytes = Buffer.from(reseal([word, ...columns.map((name) => row[name])].join(':'), sealed));
      await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${bytes} where ${isRow}`.execute(db);
    }
  }
  return rows.length;
}
