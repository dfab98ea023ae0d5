import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import pg from 'pg';
import { PlatformError } from '../../src/errors/platform-error.ts';
import { packageRoot } from '../../src/lib/package-root.ts';
import { openStore } from '../../src/store/index.ts';
import { cuttableLine } from '../rig/cuttable-line.ts';
import { missingPostgres, startPostgres, type Postgres } from '../rig/postgres.ts';
import { quiet, temporaryFolder } from '../rig/store.ts';

const open = (url: string) => openStore({ url, log: quiet.store });

/** What the operator reads when the store can't be opened. */
async function refusal(url: string): Promise<string> {
  const error: unknown = await open(url).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PlatformError);
  return (error as PlatformError).message;
}

describe('the SQLite file', () => {
  it('loses no acknowledged row when the process is killed in the middle of commits', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'platform.sqlite');
    for (const killAfter of [1, 40, 100]) {
      const acknowledged = await commitUntilKilled(file, killAfter);

      await using store = await open(file);
      const [app] = await store.apps.list();
      const releases = app === undefined ? [] : await store.releases.list(app.id);
      const versions = releases.map((release) => release.version);
      expect(versions).toEqual(versions.map((_, i) => i + 1));
      expect(versions).toEqual(expect.arrayContaining(acknowledged));
      // The row and its companion were committed together, or neither was.
      const entries = app === undefined ? [] : await store.formation.list(app.id);
      expect(entries.map((entry) => entry.quantity)).toEqual([versions.length]);
    }
  });

  it('belongs to its user alone, and so do its companions', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'deep', 'er', 'platform.sqlite');

    await using store = await open(file);
    await store.accounts.create({ email: 'ada@example.com' });

    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect((await stat(name)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder.path, 'deep', 'er'))).mode & 0o777).toBe(0o700);
  });

  it('is refused when it is damaged, not a database, or not readable, and is left as it was', async () => {
    await using folder = await temporaryFolder();
    const path = (name: string) => join(folder.path, name);
    await (await open(path('damaged')))[Symbol.asyncDispose]();
    const bytes = await readFile(path('damaged'));
    bytes.fill(0x5a, 8192, bytes.length - 4096);
    await writeFile(path('damaged'), bytes);
    await writeFile(path('text'), 'no database at all. '.repeat(500));
    await mkdir(path('folder'));

    expect(await refusal(path('damaged'))).toMatch(
      /Can't open the database .*damaged\. It is damaged .* from a backup/,
    );
    expect(await refusal(path('text'))).toMatch(/not an SQLite database.*Restore it from a backup/);
    expect(await refusal(path('folder'))).toMatch(/EISDIR.*Check HOKKU_DATA_DIR/);
    expect(await readFile(path('damaged'))).toEqual(bytes);
    expect(await refusal(':memory:')).toContain('of no kind that Hokku knows');
    expect(await refusal('mysql://root:hunter2@db/x')).toMatch(/^The database mysql:\/\/\.\.\. is of no kind/);
  });

  it('is refused when its user may not write it', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'platform.sqlite');
    await (await open(file))[Symbol.asyncDispose]();
    await chmod(file, 0o400);

    const outcome = await open(file).then(
      (store) => store[Symbol.asyncDispose]().then(() => 'opened'),
      (error: unknown) => String(error),
    );

    // Root may write any file.
    expect(outcome).toMatch(process.getuid?.() === 0 ? /^opened$/ : /may not read and write it/);
  });

  it('is refused, unchanged, when a newer version has written it', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'platform.sqlite');
    await (await open(file))[Symbol.asyncDispose]();
    const db = new SqliteDatabase(file);
    db.prepare('insert into kysely_migration (name, timestamp) values (?, ?)').run('0999-add-wings', '2030-01-01');
    db.close();

    expect(await refusal(file)).toMatch(/newer version of Hokku \(it has had 0999-add-wings/);
  });

  it('waits for another process that holds the lock for a moment, without blocking its own', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'platform.sqlite');
    await using store = await open(file);
    const other = new SqliteDatabase(file);
    other.exec('begin immediate');
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 10);

    const write = store.accounts.create({ email: 'ada@example.com' });
    expect(await store.accounts.findFirst()).toBeNull();
    setTimeout(() => other.exec('commit'), 400);
    await write;
    clearInterval(ticking);
    other.close();

    expect(ticks).toBeGreaterThan(2);
    expect(await store.accounts.findFirst()).toMatchObject({ email: 'ada@example.com' });
  });
});

/** Starts a process that commits releases, kills it after some acknowledgements, and returns all that it acknowledged. */
async function commitUntilKilled(file: string, killAfter: number): Promise<number[]> {
  const rig = join(packageRoot, 'test', 'rig');
  const args = ['--import', join(rig, 'register-typescript.mjs'), join(rig, 'commit-releases.ts'), file];
  const child = spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === killAfter) child.kill('SIGKILL');
  }
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  return acknowledged;
}

const missing = missingPostgres();
const describePostgres = missing === null ? describe : describe.skip;

describePostgres(`the PostgreSQL server${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let server: Postgres | null = null;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  const urlOf = (): string => server?.url ?? '';

  /** Resolves when the server has ended every connection of the platform. */
  async function dropConnections(): Promise<void> {
    const client = new pg.Client({ connectionString: urlOf() });
    await client.connect();
    // With a timeout, PostgreSQL waits until the connection has really ended.
    await client.query(
      "select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = 'hokku'",
    );
    await client.end();
  }

  it('is named with what is wrong, and never with the password', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => nobody.once('listening', resolve));
    const { port } = nobody.address() as { port: number };
    await new Promise((resolve) => nobody.close(resolve));

    const messages = {
      down: await refusal(`postgres://ada:hunter2@127.0.0.1:${port}/hokku`),
      password: await refusal(urlOf().replace(/:[^:@]*@/, ':hunter2@')),
      database: await refusal(urlOf().replace(/[^/]*$/, 'nowhere')),
      garbled: await refusal('postgres://ada:hunter2@[/x'),
    };

    expect(messages.down).toMatch(
      /^Can't open the database postgres:\/\/127\.0\.0\.1:\d+\/hokku\. .*ECONNREFUSED.*is up/,
    );
    expect(messages.password).toMatch(/refuses the user or the password/);
    expect(messages.database).toMatch(/database "nowhere" does not exist.*createdb/);
    expect(JSON.stringify(messages)).not.toContain('hunter2');
  });

  it('may drop every connection: a write gets a new one, also in the middle of its transaction', async () => {
    await using store = await open(urlOf());
    await store.accounts.create({ email: 'ada@example.com' });
    await Promise.all([store.ping(), store.ping(), store.ping()]);
    let attempts = 0;

    const written = await store.transaction(async (tx) => {
      attempts += 1;
      const account = await tx.accounts.create({ email: 'bob@example.com' });
      if (attempts === 1) await dropConnections();
      const token = { hash: 'hash', hint: null, description: 'laptop', expiresAt: null };
      await tx.authorizations.create({ ...token, accountId: account.id, scopes: ['global'] });
      return account;
    });
    await dropConnections();
    await store.accounts.create({ email: 'eve@example.com' });

    expect(attempts).toBe(2);
    expect((await store.authorizations.findByHash('hash'))?.account).toEqual(written);
    expect(await store.accounts.findByEmail('eve@example.com')).not.toBeNull();
  });

  it('may hang up on a read, which is asked for again', async () => {
    await using store = await open(urlOf());
    await using line = await cuttableLine(urlOf());
    await using far = await open(line.url);
    const { email } = await store.accounts.create({ email: 'reader@example.com' });
    line.cutAfter('"email_key" =', 'at once');

    expect((await far.accounts.findByEmail(email))?.email).toBe(email);
    expect(line.cuts()).toBe(1);
  });

  it.each(['at once', 'after the answer'] as const)(
    'may hang up on a commit, %s: it is made, and once',
    async (when) => {
      await using line = await cuttableLine(urlOf());
      await using store = await open(line.url);
      const told: string[] = [];
      line.cutAfter('commit', when);

      const account = await store.transaction(async (tx) => {
        tx.afterCommit(() => told.push('committed'));
        return tx.accounts.create({ email: `${when.length}@example.com` });
      });

      expect(line.cuts()).toBe(1);
      expect(told).toEqual(['committed']);
      expect(await store.accounts.findByEmail(account.email)).toEqual(account);
    },
  );

  it('is refused when a newer version has written it', async () => {
    const store = await open(urlOf());
    await store[Symbol.asyncDispose]();
    const client = new pg.Client({ connectionString: urlOf() });
    await client.connect();
    await client.query("insert into kysely_migration (name, timestamp) values ('0999-add-wings', '2030-01-01')");
    await client.end();

    expect(await refusal(urlOf())).toMatch(/newer version of Hokku/);
  });
});
