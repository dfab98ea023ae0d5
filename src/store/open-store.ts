import { PlatformError } from '../errors/platform-error.ts';
import type { Logger } from '../log.ts';
import { openError, type Database } from './dialects/database.ts';
import { openPostgres } from './dialects/postgres.ts';
import { openSqlite } from './dialects/sqlite.ts';
import { migrate } from './migrate.ts';
import { retryWhileBusy } from './retry-while-busy.ts';
import { SqlStore } from './sql-store.ts';
import type { Store } from './store.ts';

/** How long work waits for other processes that write to the same database. */
const busyDeadlineMs = 15_000;

export interface StoreOptions {
  /** Path of an SQLite file, made with mode 0600 if it is missing; or `postgres://...`. */
  readonly url: string;
  readonly log: Logger;
}

/**
 * Opens the database and brings its schema up to date. Throws a PlatformError that names the database and the remedy when
 * it can't be reached, is damaged, or was written by a newer version.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const database = await open(options);
  try {
    await retryWhileBusy(() => migrate(database), database.isBusy, busyDeadlineMs);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    if (error instanceof PlatformError) throw error;
    throw openError(database.label, database.explain(error), error);
  }
  options.log.info({ database: database.label }, 'store opened');
  return new SqlStore(database, busyDeadlineMs);
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
