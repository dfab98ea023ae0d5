import { Migrator, type Kysely } from 'kysely';
import { PlatformError } from '../errors/platform-error.ts';
import type { Database } from './dialects/database.ts';
import { migrations } from './migrations/index.ts';
import type { Schema } from './schema.ts';

/**
 * Brings the schema up to date, all or nothing. Two processes that start at once are safe: the second one waits and finds
 * nothing to do. Throws a PlatformError for a database that a newer version has already changed.
 */
export async function migrate(database: Database): Promise<void> {
  refuseUnknown(await listMigrations(database.writer), `The database ${database.label}`, database);
  await migrateWith(database, () => true);
}

/** Of an empty database: makes the schema that one with these migrations had. */
export async function migrateLike(database: Database, names: readonly string[]): Promise<void> {
  refuseUnknown(names, 'The database in the backup', database);
  await migrateWith(database, (name) => names.includes(name));
}

/** Names of the migrations that the database has had. */
export async function listMigrations(db: Kysely<Schema>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const done = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .orderBy('name')
    .execute();
  return done.map((row) => row.name);
}

async function migrateWith(database: Database, isWanted: (name: string) => boolean): Promise<void> {
  const known = Object.entries(migrations(database.columnTypes)).filter(([name]) => isWanted(name));
  const provider = { getMigrations: () => Promise.resolve(Object.fromEntries(known)) };
  const { error } = await new Migrator({ db: database.writer, provider }).migrateToLatest();
  if (error !== undefined) throw error as Error;
}

function refuseUnknown(names: readonly string[], what: string, { columnTypes }: Database): void {
  const known = migrations(columnTypes);
  const unknown = names.filter((name) => !Object.hasOwn(known, name));
  if (unknown.length > 0) {
    throw new PlatformError(
      'unavailable',
      `${what} was written by a newer version of Hokku (it has had ${unknown.join(', ')}, unknown here). ` +
        'Start that version or a later one, or restore a backup from before the upgrade.',
    );
  }
}
