import { sql, type Transaction } from 'kysely';
import { PlatformError } from '../errors/platform-error.ts';
import { codeOf, type Database } from './dialects/database.ts';
import { migrate, migrateLike } from './migrate.ts';
import { clearRestoreMark, createRestoreMark, readRestoreMark } from './restore-mark.ts';
import type { Schema } from './schema.ts';
import { columnsOf, type PlainValue } from './snapshot.ts';

/** What was read from a snapshot, perhaps of the other database. */
export interface PlainRows {
  readonly migrations: readonly string[];
  readonly tables: readonly string[];
  /** As StoreSnapshot.read gives them. */
  read(table: string): AsyncIterable<readonly (readonly PlainValue[])[]>;
}

export interface ImportOptions {
  /** Noted in the same transaction, until the rest of the restore is done too; null where one rename ends both. */
  readonly restoreId: string | null;
  /** Restores that did not come to their end: what they imported is replaced. */
  readonly unfinished: readonly string[];
}

/**
 * Fills an empty database, in one transaction, and brings its schema up to date. Throws `conflict` when it holds
 * something, `unavailable` when the rows are of a newer version, `invalid_params` when they do not fit its schema.
 */
export async function importRows(database: Database, rows: PlainRows, options: ImportOptions): Promise<void> {
  await migrateLike(database, rows.migrations);
  await database.writer.transaction().execute(async (db) => {
    await database.lockWriters(db);
    const known = await columnsOf(db);
    const mark = await readRestoreMark(db);
    const isOurs = mark !== null && options.unfinished.includes(mark);
    if (!isOurs) await requireEmpty(db, [...known.keys()], database.label);
    const order = await parentsFirst([...known.keys()], database);
    for (const table of order.toReversed()) await sql`delete from ${sql.table(table)}`.execute(db);
    for (const table of order) {
      if (!rows.tables.includes(table)) continue;
      await insertTable(db, table, known.get(table) ?? [], rows.read(table)).catch((error: unknown) => {
        throw isRefusal(error) ? unfitting(table, error) : error;
      });
    }
    const foreign = rows.tables.find((table) => !known.has(table));
    if (foreign !== undefined) throw unfitting(foreign);
    if (isOurs) await clearRestoreMark(db);
    if (options.restoreId !== null) await createRestoreMark(db, options.restoreId);
  });
  await migrate(database);
}

/** Counters are there from the start. */
async function requireEmpty(db: Transaction<Schema>, tables: readonly string[], label: string): Promise<void> {
  for (const table of tables) {
    if (table === 'counters') continue;
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
    if (rows.length === 0) continue;
    throw new PlatformError(
      'conflict',
      `The database ${label} already holds a platform (there are rows in ${table}), and a restore never overwrites one. ` +
        'Set HOKKU_DATABASE_URL to an empty database, or empty this one yourself.',
    );
  }
}

/** A row can be inserted only after those that it refers to. */
async function parentsFirst(tables: readonly string[], database: Database): Promise<readonly string[]> {
  const references = await database.listReferences();
  const order: string[] = [];
  const visit = (table: string): void => {
    if (order.includes(table)) return;
    for (const { target } of references.filter((one) => one.table === table && one.target !== table)) visit(target);
    order.push(table);
  };
  for (const table of tables) visit(table);
  return order;
}

async function insertTable(
  db: Transaction<Schema>,
  table: string,
  known: readonly string[],
  pieces: AsyncIterable<readonly (readonly PlainValue[])[]>,
): Promise<void> {
  let columns: readonly string[] | null = null;
  for await (const piece of pieces) {
    let rest = piece;
    if (columns === null) {
      columns = parseColumns(piece[0] ?? [], table, known);
      rest = piece.slice(1);
    }
    const width = columns.length;
    if (rest.some((row) => row.length !== width)) throw unfitting(table);
    // SQLite takes 32766 values at once.
    const atOnce = Math.max(1, Math.floor(10_000 / Math.max(1, width)));
    for (let start = 0; start < rest.length; start += atOnce) {
      const names = columns.map((name) => sql.ref(name));
      const tuples = rest.slice(start, start + atOnce).map((row) => sql`(${sql.join(row.map(fromPlain))})`);
      await sql`insert into ${sql.table(table)} (${sql.join(names)}) values ${sql.join(tuples)}`.execute(db);
    }
  }
}

function parseColumns(names: readonly PlainValue[], table: string, known: readonly string[]): readonly string[] {
  return names.map((name) => {
    if (typeof name !== 'string' || !known.includes(name)) throw unfitting(table);
    return name;
  });
}

function fromPlain(value: PlainValue): string | number | null | Buffer {
  return typeof value === 'object' && value !== null ? Buffer.from(value.base64, 'base64') : value;
}

/** Of a row, by the database: a constraint or a type. */
function isRefusal(error: unknown): boolean {
  return /^(SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)|2[23])/.test(codeOf(error));
}

function unfitting(table: string, cause?: unknown): PlatformError {
  return new PlatformError(
    'invalid_params',
    `The rows of ${JSON.stringify(table)} in the backup do not fit the schema that it says it has. It was not made by Hokku, or was changed; use another backup.`,
    { cause },
  );
}
