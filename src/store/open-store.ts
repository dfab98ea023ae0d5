import { PlatformError } from '../errors/platform-error.ts';
import type { Logger } from '../log.ts';
import { openError, type Database } from './dialects/database.ts';
import { openPostgres } from './dialects/postgres.ts';
import { openSqlite } from './dialects/sqlite.ts';
import { importRows, type ImportOptions, type PlainRows } from './import-rows.ts';
import { migrate } from './migrate.ts';
import { settleRestoreMark } from './restore-mark.ts';
import { retryWhileBusy } from './retry-while-busy.ts';
import { readSnapshot, type StoreSnapshot } from './snapshot.ts';
import { SqlStore } from './sql-store.ts';
import type { Store } from './store.ts';

/** How long work waits for other processes that write to the same database. */
const busyDeadlineMs = 15_000;

export interface StoreOptions {
  /** Path of an SQLite file, made with mode 0600 if it is missing; or `postgres://...`. */
  readonly url: string;
  readonly log: Logger;
  /** Of the restore that made the data folder; null or absent: none did. */
  readonly restoreId?: string | null;
}

/**
 * Opens the database and brings its schema up to date. Throws a PlatformError that names the database and the remedy when
 * it can't be reached, is damaged, or was written by a newer version.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const database = await open(options);
  try {
    await settleRestoreMark(database, options.restoreId ?? null);
    await retryWhileBusy(() => migrate(database), database.isBusy, busyDeadlineMs);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    if (error instanceof PlatformError) throw error;
    throw openError(database.label, database.explain(error), error);
  }
  options.log.info({ database: database.label }, 'store opened');
  return new SqlStore(database, busyDeadlineMs);
}

/** Reads the rows of one moment, also while a platform works on them. Changes nothing, the schema neither. */
export async function withSnapshot<T>(
  options: StoreOptions,
  work: (snapshot: StoreSnapshot) => Promise<T>,
): Promise<T> {
  await using database = await open(options);
  return await readSnapshot(database, work);
}

/** See import-rows.ts. */
export async function importStore(options: StoreOptions, rows: PlainRows, how: ImportOptions): Promise<void> {
  await using database = await open(options);
  await importRows(database, rows, how);
}

/** The rest of the restore is done too. */
export async function finishRestore(options: StoreOptions, restoreId: string): Promise<void> {
  await using database = await open(options);
  await settleRestoreMark(database, restoreId);
}

async function open({ url, log }: StoreOptions): Promise<Database> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === 'postgres' || scheme === 'postgresql') return openPostgres(url, log);
  if (scheme !== undefined || url === '' || url === ':memory:') {
    throw new PlatformError(
      'unavailable',
      `The database ${scheme === undefined ? `"${url}"` : `${scheme}://...`} is of no kind that Hokku knows. ` +
        'Set HOKKU_DATABASE_URL to postgres://user:password@host/database, or to the path of an SQLite file.',
    );
  }
  return openSqlite(url, busyDeadlineMs);
}
