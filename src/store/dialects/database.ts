import type { Kysely, Transaction } from 'kysely';
import { PlatformError } from '../../errors/platform-error.ts';
import type { Schema } from '../schema.ts';

/** How the two databases differ; nothing outside this folder asks which of them it is. */
export interface Database extends AsyncDisposable {
  /** For messages: where the database is, without user and password. */
  readonly label: string;
  /** Sees committed rows only, also while a transaction of `writer` is open. */
  readonly reader: Kysely<Schema>;
  readonly writer: Kysely<Schema>;
  /** Keeps a connection for as long as is wanted; `reader` may take another one for each query. */
  readonly snapshots: Kysely<Schema>;
  readonly columnTypes: ColumnTypes;
  /** Begins a transaction that sees the rows of one moment and writes nothing. */
  readonly beginSnapshot: string;
  /** What tells the rows of a table apart as long as a snapshot lasts, and orders them. */
  readonly rowAddress: RowAddress;
  /** Tables, and those that they refer to. */
  listReferences(): Promise<readonly Reference[]>;
  /**
   * Called first in every transaction: keeps the writers of other processes out until it ends. Returns what `wasCommitted`
   * knows it by; null where a connection can't break.
   */
  lockWriters(tx: Transaction<Schema>): Promise<string | null>;
  /** What became of a transaction whose connection broke at its commit. Throws when that can't be found out. */
  wasCommitted(transaction: string): Promise<boolean>;
  /** True when the same work can succeed if it is tried again. */
  readonly isBusy: (error: unknown) => boolean;
  /** True when the connection broke. Before the commit nothing is lost: the server has rolled back. */
  readonly isDisconnected: (error: unknown) => boolean;
  /** What is known about a failure to open it, in one sentence with the remedy. Never a password. */
  readonly explain: (error: unknown) => string;
}

export interface RowAddress {
  readonly column: 'rowid' | 'ctid';
  readonly type: 'integer' | 'tid';
  /** Comes before every row. */
  readonly start: string;
}

export interface Reference {
  readonly table: string;
  readonly target: string;
}

export interface ColumnTypes {
  readonly bytes: 'blob' | 'bytea';
  /** Whole numbers up to 2^53. */
  readonly big: 'integer' | 'bigint';
}

/** The code that a database client puts on its errors (`SQLITE_BUSY`, `40001`, `ECONNREFUSED`), or an empty string. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** The failure to open a database, for the operator. */
export function openError(label: string, explanation: string, cause: unknown): PlatformError {
  return new PlatformError('unavailable', `Can't open the database ${label}. ${explanation}`, { cause });
}

export function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(message).trim();
}
