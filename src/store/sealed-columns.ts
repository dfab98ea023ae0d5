import { sql, type Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** Sealed bytes of one row. `context`: what they were sealed for (see sealed-box.ts). */
export type Reseal = (context: string, sealed: Uint8Array) => Uint8Array;

interface SealedColumn {
  readonly table: keyof Schema;
  readonly column: string;
  /** What comes before the id in the context, and the column of that id. */
  readonly context: readonly [prefix: string, idColumn: string];
}

/** Every column that is encrypted with the secret key: all that hold bytes. */
export const sealedColumns: readonly SealedColumn[] = [
  { table: 'apps', column: 'config_vars', context: ['config-vars', 'id'] },
  { table: 'releases', column: 'config_vars', context: ['config-vars', 'app_id'] },
  { table: 'log_drains', column: 'url', context: ['log-drain', 'id'] },
  { table: 'sni_endpoints', column: 'private_key', context: ['sni-endpoint', 'id'] },
  { table: 'oauth_clients', column: 'secret', context: ['oauth-client', 'id'] },
  { table: 'webhooks', column: 'target', context: ['webhook', 'id'] },
];

const rowsAtOnce = 500;

interface SealedRow {
  readonly id: string;
  readonly owner: string;
  readonly sealed: Uint8Array;
}

/** Seals everything anew. Returns how many values there were. */
export async function resealColumns(db: Transaction<Schema>, reseal: Reseal): Promise<number> {
  let count = 0;
  for (const { table, column, context } of sealedColumns) {
    const [prefix, idColumn] = context;
    for (let last = ''; ;) {
      const { rows } = await sql<SealedRow>`select id, ${sql.ref(idColumn)} as owner, ${sql.ref(column)} as sealed
        from ${sql.table(table)} where ${sql.ref(column)} is not null and id > ${last}
        order by id limit ${sql.lit(rowsAtOnce)}`.execute(db);
      for (const { id, owner, sealed } of rows) {
        const bytes = Buffer.from(reseal(`${prefix}:${owner}`, sealed));
        await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${bytes} where id = ${id}`.execute(db);
      }
      count += rows.length;
      const next = rows.at(-1)?.id;
      if (next === undefined || rows.length < rowsAtOnce) break;
      last = next;
    }
  }
  return count;
}
