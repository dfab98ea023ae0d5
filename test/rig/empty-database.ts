import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A PostgreSQL server on which rigs may make databases; unset: platforms under test use SQLite, their default. */
export const databaseServerVariable = 'HOKKU_TEST_DATABASE';

/** An empty database on the server of `HOKKU_TEST_DATABASE`, dropped at the end; null without one. */
export async function emptyDatabase(): Promise<({ readonly url: string } & AsyncDisposable) | null> {
  const server = process.env[databaseServerVariable];
  if (server === undefined || server === '') return null;
  const name = `rig_${randomBytes(8).toString('hex')}`;
  await execute(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, [Symbol.asyncDispose]: () => execute(server, `drop database ${name} with (force)`) };
}

async function execute(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
