import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import {
  CompiledQuery,
  Kysely,
  sql,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { DatabaseConnection, Dialect } from 'kysely';
import type { Schema } from '../schema.ts';
import { retryWhileBusy } from '../retry-while-busy.ts';
import { codeOf, messageOf, openError, type Database, type Reference } from './database.ts';

/**
 * Waiting for another process's lock blocks this whole process, so SQLite itself waits only this long;
 * beyond it the work is tried again by retryWhileBusy, which lets others run in between.
 */
const busyTimeoutMs = 100;

/**
 * Two connections to one file: all writes go through the first; reads through the second, a read-only one. In WAL mode
 * a read on a connection of its own sees the last commit, whatever an open transaction has written since.
 */
export async function openSqlite(path: string, busyDeadlineMs: number): Promise<Database> {
  const file = resolve(path);
  try {
    await createPrivateFile(file);
    return await retryWhileBusy(() => Promise.resolve().then(() => connect(file)), isBusy, busyDeadlineMs);
  } catch (error) {
    throw openError(file, explain(error), error);
  }
}

function connect(file: string): Database {
  const writer = new SqliteDatabase(file, { timeout: busyTimeoutMs });
  try {
    configureWriter(writer);
    // The file must hold something before it can be opened read-only in WAL mode.
    const reader = new SqliteDatabase(file, { timeout: busyTimeoutMs, readonly: true });
    const writing = new Kysely<Schema>({ dialect: dialectOf(writer) });
    const reading = new Kysely<Schema>({ dialect: dialectOf(reader) });
    return {
      label: file,
      reader: reading,
      writer: writing,
      snapshots: reading,
      columnTypes: { bytes: 'blob', big: 'integer' },
      beginSnapshot: 'begin',
      rowAddress: { column: 'rowid', type: 'integer', start: '-1' },
      listReferences: async () => {
        const { rows } = await sql<Reference>`select m.name as "table", f."table" as target
          from sqlite_master m join pragma_foreign_key_list(m.name) f where m.type = 'table'`.execute(reading);
        return rows;
      },
      lockWriters: () => Promise.resolve(null), // BEGIN IMMEDIATE has done it
      wasCommitted: () => Promise.reject(new Error('Internal: a file has no connection that breaks')),
      isBusy,
      isDisconnected: () => false,
      explain,
      [Symbol.asyncDispose]: async () => {
        // Kysely closes a database only if it was ever asked something. The writer goes last: the last connection folds
        // the write-ahead log back into the file, and a read-only one can't.
        await reading.destroy();
        reader.close();
        await writing.destroy();
        writer.close();
      },
    };
  } catch (error) {
    writer.close();
    throw error;
  }
}

async function createPrivateFile(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite gives -wal and -shm the mode of the file itself. Appending nothing leaves an existing database as it is.
  const handle = await open(file, 'a', 0o600);
  await handle.close();
}

function configureWriter(db: SqliteDatabase.Database): void {
  if (db.pragma('journal_mode', { simple: true }) !== 'wal') db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  // Reads every page once: damage is found at the start, not by the one push that needs the broken page.
  const verdict = db.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') throw new SqliteDatabase.SqliteError(String(verdict), 'SQLITE_CORRUPT');
}

function dialectOf(db: SqliteDatabase.Database): Dialect {
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new ImmediateDriver(db),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** SQLite can undo a half-done migration, though Kysely does not count on it. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ImmediateDriver extends SqliteDriver {
  readonly #db: SqliteDatabase.Database;

  constructor(db: SqliteDatabase.Database) {
    super({ database: db });
    this.#db = db;
  }

  /** Takes the write lock at once: a transaction that only reads at first could otherwise fail when it comes to write. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** A full disk ends the transaction by itself; a second rollback would hide the first error. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#db.inTransaction) await super.rollbackTransaction(connection);
  }
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error));
}

function explain(error: unknown): string {
  const code = codeOf(error);
  const detail = messageOf(error);
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    return `It is damaged or not an SQLite database (${detail}). Restore it from a backup, or move it away to start empty.`;
  }
  if (isBusy(error)) return 'Another process holds its lock. Stop that process, then start again.';
  if (['EACCES', 'EPERM', 'EROFS', 'SQLITE_READONLY', 'SQLITE_CANTOPEN'].includes(code)) {
    return `The user of this process may not read and write it (${detail}). Give it the file and its folder.`;
  }
  return `${detail}. Check HOKKU_DATA_DIR, HOKKU_DATABASE_URL and the free disk space.`;
}
