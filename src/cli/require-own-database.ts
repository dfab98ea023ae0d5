import { databaseKind, type Config } from '../config/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { exists } from '../lib/exists.ts';
import { readPlatformFile } from './local-platform.ts';

/** Throws unless the settings here lead to the database that the platform of the data folder has used last. */
export async function requireOwnDatabase(config: Config): Promise<void> {
  const { database } = await readPlatformFile(config.dataDir);
  const here = databaseKind(config);
  if (database !== undefined && database !== here) {
    throw new PlatformError(
      'invalid_params',
      database === 'postgres'
        ? `The platform of ${config.dataDir} keeps its state in PostgreSQL. Set HOKKU_DATABASE_URL as for the server.`
        : `The platform of ${config.dataDir} keeps its state in SQLite, and HOKKU_DATABASE_URL is set. Unset it.`,
    );
  }
  if (here === 'sqlite' && !(await exists(config.databaseUrl)))
    throw new PlatformError(
      'not_found',
      `${config.databaseUrl} is missing. Set HOKKU_DATA_DIR to the folder of a platform.`,
    );
}
