import { setTimeout as delay } from 'node:timers/promises';
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import type { DatabaseConnection, Dialect } from 'kysely';
import pg from 'pg';
import type { Logger } from '../../log.ts';
import type { Schema } from '../schema.ts';
import { codeOf, messageOf, type Database, type Reference } from './database.ts';
import { RereadingDriver } from './rereading-driver.ts';

/** Every writer of one database, in whatever process, takes this advisory lock first. The number means nothing. */
const writersLock = 4_656_721_190_255_111n;
const bigintType = pg.types.builtins.INT8;
const statementTimeoutMs = 30_000;
const lockTimeoutMs = 10_000;
const idleInTransactionMs = 60_000;
/** How long a read is asked for again while connections break. */
const rereadMs = 5_000;

/**
 * Transactions are READ COMMITTED behind one advisory lock, so they run one after the other as on SQLite: what was read
 * is still true when it is written. (SERIALIZABLE would run them side by side and throw most of the work away on retry;
 * the platform writes a few rows per deploy.)
 */
export function openPostgres(url: string, log: Logger): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    // For a peer that is gone without a word; the server's own limit comes first.
    query_timeout: 2 * statementTimeoutMs,
    keepAlive: true,
    application_name: 'hokku',
    types,
  });
  // A connection may break between two queries, idle or inside a transaction. The next query finds out and tells its
  // caller; here it must only be heard, because an error without a listener ends the process.
  const onLost = (error: Error): void => {
    log.warn({ err: error }, 'a database connection was lost');
  };
  pool.on('connect', (client) => client.on('error', onLost));
  pool.on('error', () => undefined); // the same error again, for an idle connection
  const dialect = new PostgresDialect({ pool, onCreateConnection: limitStatements });
  const db = new Kysely<Schema>({ dialect });
  const reader = new Kysely<Schema>({ dialect: rereading(dialect) });
  return {
    label: labelOf(url),
    reader,
    writer: db,
    snapshots: db,
    columnTypes: { bytes: 'bytea', big: 'bigint' },
    beginSnapshot: 'begin isolation level repeatable read, read only',
    rowAddress: { column: 'ctid', type: 'tid', start: '(0,0)' },
    listReferences: async () => {
      const { rows } =
        await sql<Reference>`select conrelid::regclass::text as "table", confrelid::regclass::text as target
        from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace`.execute(db);
      return rows;
    },
    lockWriters: async (tx) => {
      const { rows } = await sql<{ id: string }>`select set_config('lock_timeout', ${String(lockTimeoutMs)}, true),
        set_config('idle_in_transaction_session_timeout', ${String(idleInTransactionMs)}, true),
        txid_current()::text as id`.execute(tx);
      await sql`select pg_advisory_xact_lock(${sql.lit(writersLock)})`.execute(tx);
      return rows[0]?.id ?? null;
    },
    wasCommitted: (transaction) => wasCommitted(transaction, reader),
    isBusy: (error) => busyCodes.has(codeOf(error)),
    isDisconnected,
    explain,
    [Symbol.asyncDispose]: async () => {
      await db.destroy();
      if (!pool.ended) await pool.end();
    },
  };
}

/** The server may be about to end it still. Source: PostgreSQL, "Transaction ID and Snapshot Information Functions" */
async function wasCommitted(transaction: string, reader: Kysely<Schema>): Promise<boolean> {
  const deadline = performance.now() + rereadMs;
  do {
    const { rows } = await sql<{ status: string | null }>`select txid_status(${transaction}::bigint) as status`.execute(
      reader,
    );
    const status = rows[0]?.status ?? null;
    if (status === 'committed' || status === 'aborted') return status === 'committed';
    await delay(20);
  } while (performance.now() < deadline);
  throw new Error('PostgreSQL does not say what became of a transaction');
}

/** The same, but that a read of its own is asked for again when its connection breaks: its caller need not know. */
function rereading(dialect: PostgresDialect): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => new RereadingDriver(dialect.createDriver(), isDisconnected, rereadMs),
    createIntrospector: (kysely) => dialect.createIntrospector(kysely),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

/** serialization_failure, deadlock_detected, lock_not_available. */
const busyCodes: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);

/**
 * Not ECONNREFUSED: a server that is down may stay so, and the writes that queue up here should hear of it soon.
 * The client library has no codes for what it notices itself.
 */
function isDisconnected(error: unknown): boolean {
  if (/^(08...|57P0[123]|ECONNRESET|EPIPE)$/.test(codeOf(error))) return true;
  return /connection terminated|not queryable/i.test(messageOf(error));
}

/** Set on the session and not in the URL's options, which connection poolers refuse. */
async function limitStatements(connection: DatabaseConnection): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(`set statement_timeout = ${statementTimeoutMs}`));
}

/** `bigint` arrives as text because it may exceed 2^53; none of our columns does. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    id === bigintType ? Number : (pg.types.getTypeParser(id, format) as (text: string) => unknown),
};

function labelOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `postgres://${host}${pathname}`;
  } catch {
    return 'postgres://...';
  }
}

function explain(error: unknown): string {
  const code = codeOf(error);
  const detail = messageOf(error) || code;
  if (code.startsWith('28'))
    return `The server refuses the user or the password (${detail}). Check HOKKU_DATABASE_URL.`;
  if (code === '3D000') return `${detail}. Create it with createdb, or correct HOKKU_DATABASE_URL.`;
  if (code === '42501')
    return `The user lacks a right (${detail}). It must own the database or be allowed to create tables.`;
  if (busyCodes.has(code)) return 'Another process holds its locks. Stop that process, then start again.';
  return `${detail}. Check that PostgreSQL is up and that HOKKU_DATABASE_URL is right.`;
}
