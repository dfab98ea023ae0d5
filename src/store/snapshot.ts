import { sql, type Kysely } from 'kysely';
import type { AppId, Sha256 } from '../model/ids.ts';
import type { Database } from './dialects/database.ts';
import { listMigrations } from './migrate.ts';
import { slugQueries } from './queries/slug-queries.ts';
import type { Schema } from './schema.ts';

/** A row as both databases can take it: text, whole numbers, null, and `{"base64": ...}` for bytes. */
export type PlainValue = string | number | null | { readonly base64: string };

/** The rows of one moment, whatever is written meanwhile. */
export interface StoreSnapshot {
  /** Names of the migrations that the database has had. */
  readonly migrations: readonly string[];
  readonly tables: readonly string[];
  readonly appIds: readonly AppId[];
  readonly slugsInUse: readonly Sha256[];
  /** See SecretKeyQueries; null: not noted yet. */
  readonly keyFingerprint: string | null;
  /** First the names of the columns, then the rows, in pieces. Dynos that ran are left out: they belong to this machine. */
  read(table: string): AsyncIterable<readonly (readonly PlainValue[])[]>;
}

const rowsAtOnce = 500;
/** Of rows that describe what runs on this machine. */
const runningDynos = ['starting', 'up', 'stopping'];

export async function readSnapshot<T>(database: Database, work: (snapshot: StoreSnapshot) => Promise<T>): Promise<T> {
  return database.snapshots.connection().execute(async (db) => {
    await sql.raw(database.beginSnapshot).execute(db);
    try {
      return await work(await openSnapshot(db, database));
    } finally {
      await sql`rollback`.execute(db);
    }
  });
}

async function openSnapshot(db: Kysely<Schema>, database: Database): Promise<StoreSnapshot> {
  const migrations = await listMigrations(db);
  const tables = [...(await columnsOf(db)).keys()];
  const apps = await db.selectFrom('apps').select('id').orderBy('id').execute();
  const noWrite = (): never => {
    throw new Error('Internal: a write to a snapshot');
  };
  const key = tables.includes('secret_keys')
    ? await db.selectFrom('secret_keys').select('fingerprint').orderBy('version', 'desc').limit(1).executeTakeFirst()
    : undefined;
  return {
    migrations,
    tables,
    appIds: apps.map(({ id }) => id as AppId),
    slugsInUse: await slugQueries({ read: db, write: noWrite }).listShasInUse(),
    keyFingerprint: key?.fingerprint ?? null,
    read: (table) => readTable(db, table, database),
  };
}

/** Of each of our tables; a database may hold others in schemas of their own. */
export async function columnsOf(db: Kysely<Schema>): Promise<ReadonlyMap<string, readonly string[]>> {
  const all = await db.introspection.getTables({ withInternalKyselyTables: true });
  const own = all.find(({ name }) => name === 'kysely_migration')?.schema;
  return new Map(
    all
      .filter(
        ({ name, schema, isView }) =>
          schema === own && !isView && !name.startsWith('kysely_') && name !== 'unfinished_restore',
      )
      .map(({ name, columns }) => [name, columns.map((column) => column.name)]),
  );
}

async function* readTable(
  db: Kysely<Schema>,
  table: string,
  { rowAddress }: Database,
): AsyncIterable<readonly (readonly PlainValue[])[]> {
  const columns = (await columnsOf(db)).get(table) ?? [];
  yield [columns];
  const { column, type, start } = rowAddress;
  const kept = table === 'dynos' ? sql`and state not in (${sql.join(runningDynos)})` : sql``;
  for (let last = start; ;) {
    const { rows } = await sql<Record<string, unknown>>`
      select cast(${sql.ref(column)} as text) as "row address", ${sql.join(columns.map((name) => sql.ref(name)))}
      from ${sql.table(table)} where ${sql.ref(column)} > cast(${last} as ${sql.raw(type)}) ${kept}
      order by ${sql.ref(column)} limit ${sql.lit(rowsAtOnce)}`.execute(db);
    if (rows.length > 0) yield rows.map((row) => columns.map((name) => toPlain(row[name])));
    const next = rows.at(-1)?.['row address'];
    if (typeof next !== 'string' || rows.length < rowsAtOnce) return;
    last = next;
  }
}

function toPlain(value: unknown): PlainValue {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new Error(`Internal: a column holds a ${typeof value}, which no backup can`);
}
