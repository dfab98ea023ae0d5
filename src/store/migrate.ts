import { Migrator } from 'kysely';
import { PlatformError } from '../errors/platform-error.ts';
import type { Database } from './dialects/database.ts';
import { migrations } from './migrations/index.ts';

/**
 * Brings the schema up to date, all or nothing. Two processes that start at once are safe: the second one waits and finds
 * nothing to do. Throws a PlatformError for a database that a newer version has already changed.
 */
export async function migrate(database: Database): Promise<void> {
  const known = migrations(database.columnTypes);
  await refuseNewerDatabase(database, known);
  const migrator = new Migrator({ db: database.writer, provider: { getMigrations: () => Promise.resolve(known) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error as Error;
}

async function refuseNewerDatabase(database: Database, known: object): Promise<void> {
  const tables = await database.writer.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return;
  const done = await database.writer
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .orderBy('name')
    .execute();
  const unknown = done.map((row) => row.name).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length > 0) {
    throw new PlatformError(
      'unavailable',
      `The database ${database.label} was written by a newer version of Hokku (it has had ${unknown.join(', ')}, unknown here). ` +
        'Start that version or a later one, or restore a backup from before the upgrade.',
    );
  }
}
