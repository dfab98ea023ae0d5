import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { run } from '../../src/lib/spawn.ts';

export interface Postgres extends AsyncDisposable {
  /** `postgres://user:password@127.0.0.1:port/database`, good for HOKKU_DATABASE_URL. */
  readonly url: string;
  /** Where all its files are. */
  readonly dir: string;
}

const readyWithinMs = 60_000;

/** Why there is no PostgreSQL server to test with; null when there is one. */
export function missingPostgres(): string | null {
  if (findServer() === null) return 'PostgreSQL server not found (apt-get install postgresql)';
  if (process.getuid?.() === 0 && !existsSync('/usr/bin/setpriv')) return 'setpriv not found, PostgreSQL refuses root';
  return null;
}

/**
 * A PostgreSQL server of its own in a temporary folder, on a free loopback port, without fsync. Ends with `await using`, or
 * with the process that started it. Null when `missingPostgres` says why. As root it runs as `postgres` or `nobody`.
 */
export async function startPostgres(): Promise<Postgres | null> {
  const bin = findServer();
  if (bin === null || missingPostgres() !== null) return null;
  const user = await unprivilegedUser();
  const dir = await mkdtemp(join(tmpdir(), 'hokku-pg-'));
  try {
    if (user !== null) await chown(dir, user.uid, user.gid);
    const data = join(dir, 'data');
    const [initdb, ...initdbArgs] = as(user, [
      ...[join(bin, 'initdb'), '-D', data, '-U', 'hokku', '-A', 'scram-sha-256', '-E', 'UTF8'],
      ...['--locale=C', '--no-sync', '--no-instructions', `--pwfile=${await passwordFile(dir, user)}`],
    ]);
    await run(initdb, initdbArgs, { env: serverEnv, timeoutMs: readyWithinMs });
    return await startServer(dir, (port) =>
      as(user, [
        ...[join(bin, 'postgres'), '-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', ''],
        ...['-c', 'fsync=off', '-c', 'shared_buffers=16MB', '-c', 'max_connections=60'],
      ]),
    );
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

/** A database of its own for a new user with this password. Both end with the server. */
export async function createLogin(server: Postgres, name: string, passwordOfIt: string): Promise<string> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    const [user, secret] = [client.escapeIdentifier(name), client.escapeLiteral(passwordOfIt)];
    await client.query(`create role ${user} login password ${secret}`);
    await client.query(`create database ${user} owner ${user}`);
  } finally {
    await client.end();
  }
  const url = new URL(server.url);
  [url.username, url.password, url.pathname] = [name, passwordOfIt, `/${name}`];
  return url.href;
}

const password = 'hokku-test';
const serverEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

function findServer(): string | null {
  const byVersion = (root: string): readonly string[] =>
    existsSync(root)
      ? readdirSync(root)
          .toSorted((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
          .map((version) => join(root, version, 'bin'))
      : [];
  const dirs = [...byVersion('/usr/lib/postgresql'), ...(process.env['PATH'] ?? '').split(delimiter)];
  return dirs.find((dir) => ['initdb', 'postgres'].every((name) => existsSync(join(dir, name)))) ?? null;
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root. Null: run as we are. */
async function unprivilegedUser(): Promise<User | null> {
  if (userInfo().uid !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const passwd = await run('getent', ['passwd', name], { env: serverEnv }).catch(() => null);
    const [, , uid, gid] = passwd?.toString().split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65534, gid: 65534 };
}

/** Where setpriv is known, the kernel also ends the server when our process is killed. */
function as(user: User | null, command: readonly string[]): [string, ...string[]] {
  const drop = user === null ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const withSetpriv = ['--pdeathsig=INT', ...drop, '--', ...command];
  if (existsSync('/usr/bin/setpriv')) return ['/usr/bin/setpriv', ...withSetpriv];
  const [file, ...args] = command;
  if (file === undefined) throw new Error('Internal: an empty command');
  return [file, ...args];
}

async function passwordFile(dir: string, user: User | null): Promise<string> {
  const path = join(dir, 'password');
  await writeFile(path, `${password}\n`, { mode: 0o600 });
  if (user !== null) await chown(path, user.uid, user.gid);
  return path;
}

async function startServer(dir: string, command: (port: number) => [string, ...string[]]): Promise<Postgres> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const [file, ...args] = command(port);
    const server = spawn(file, args, { env: serverEnv, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    server.stderr.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
    });
    const ended = new Promise<void>((resolve) => {
      server.once('error', (error) => {
        output += error.message;
        resolve();
      });
      server.once('exit', () => {
        resolve();
      });
    });
    const url = `postgres://hokku:${password}@127.0.0.1:${port}/postgres`;
    if (await isReady(url, ended)) return { url, dir, [Symbol.asyncDispose]: () => stop(server, ended, dir) };
    await endProcess(server, ended);
    // Someone else may have taken the port between our look and the server's.
    if (attempt === 3) throw new Error(`PostgreSQL did not start: ${output}`);
  }
}

async function isReady(url: string, ended: Promise<void>): Promise<boolean> {
  const gone = ended.then(() => true);
  const deadline = Date.now() + readyWithinMs;
  while (Date.now() < deadline) {
    if (await Promise.race([gone, delay(50, false)])) return false;
    if (await answers(url)) return true;
  }
  return false;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

async function stop(server: ChildProcess, ended: Promise<void>, dir: string): Promise<void> {
  await endProcess(server, ended);
  await rm(dir, { recursive: true, force: true });
}

/** SIGINT is PostgreSQL's fast shutdown. */
async function endProcess(server: ChildProcess, ended: Promise<void>): Promise<void> {
  server.kill('SIGINT');
  const timer = setTimeout(() => server.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('Internal: no port');
  return address.port;
}
