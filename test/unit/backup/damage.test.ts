import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { backUp, restore } from '../../../src/backup/index.ts';
import { BackupWriter } from '../../../src/backup/backup-writer.ts';
import { encodeHeader } from '../../../src/backup/tar-header.ts';
import { dataPaths, makeDataFolders } from '../../../src/data-folder.ts';
import { run } from '../../../src/lib/spawn.ts';
import { openStore, type Store } from '../../../src/store/index.ts';
import { createApp, quiet } from '../../rig/store.ts';

const signal = new AbortController().signal;
let dir: string;
/** A whole backup: one app with two commits, one empty app, one account. */
let whole: Buffer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-backup-'));
  const root = join(dir, 'data');
  await run('mkdir', ['-p', root], { env: {} });
  const data = await makeDataFolders(root);
  const url = join(root, 'platform.sqlite');
  await using store = await openStore({ url, log: quiet.store });
  await fill(store, data.repos);
  const target = join(dir, 'whole.tar');
  const report = await backUp({
    data,
    store: { url, log: quiet.store },
    hokku: '0.1.0',
    withLogs: true,
    secretKey: null,
    target,
    signal,
  });
  expect(report.apps).toBe(2);
  whole = await readFile(target);
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function fill(store: Store, repos: string): Promise<void> {
  const account = await store.accounts.create({ email: 'ada@example.com' });
  const git = { PATH: process.env['PATH'] ?? '', HOME: dir, GIT_CONFIG_NOSYSTEM: '1' };
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  for (const name of ['first', 'second']) {
    const app = await createApp(store, account.id, name);
    const repo = join(repos, `${app.id}.git`);
    await run('git', ['init', '-q', '--bare', '-b', 'main', repo], { env: git });
    if (name === 'second') continue;
    const work = join(dir, 'work');
    await run('git', ['init', '-q', '-b', 'main', work], { env: git });
    for (const message of ['one', 'two']) {
      await run('git', ['-C', work, ...identity, 'commit', '-q', '--allow-empty', '-m', message], { env: git });
      await run('git', ['-C', work, 'push', '-q', repo, 'main'], { env: git });
    }
  }
}

async function* pieces(content: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < content.length; start += 10_000) {
    yield await Promise.resolve(content.subarray(start, start + 10_000));
  }
}

/** What the operator reads; null when it is restored. Nothing may be left after a refusal. */
async function refusal(content: Buffer, key: Uint8Array | null = null): Promise<string | null> {
  const home = await mkdtemp(join(dir, 'restore-'));
  try {
    await restore({
      source: pieces(content),
      dataDir: join(home, 'data'),
      databaseUrl: null,
      key: key === null ? null : { key, isFromFile: true },
      makeDataFolders,
      log: quiet.store,
      signal,
    });
    return null;
  } catch (error) {
    expect(await readdir(home)).toEqual([]);
    return (error as Error).message;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

it('restores what is whole', async () => {
  expect(await refusal(whole)).toBeNull();
});

it('refuses a backup of which one bit is another', async () => {
  const accepted: number[] = [];
  const step = 1 + Math.floor(whole.length / 150);
  const places = Array.from({ length: Math.ceil(whole.length / step) }, (_, n) => n * step);
  // The byte behind the sum of the first header, too.
  for (const place of [...places, 155]) {
    const flipped = Buffer.from(whole);
    flipped[place] = (flipped[place] ?? 0) ^ (1 << (place % 8));
    if ((await refusal(flipped)) === null) accepted.push(place);
  }
  expect(accepted).toEqual([]);
});

it('refuses a backup that is cut off, wherever', async () => {
  const accepted: number[] = [];
  for (let length = 0; length < whole.length; length += 1 + Math.floor(whole.length / 100)) {
    if ((await refusal(whole.subarray(0, length))) === null) accepted.push(length);
  }
  expect(accepted).toEqual([]);
  expect(await refusal(whole.subarray(0, whole.length - 1))).toMatch(/^The backup is damaged or is none of Hokku's/);
  expect(await refusal(Buffer.concat([whole, Buffer.from('more')]))).toMatch(/its end|ends too early/);
});

it.each([
  ['an absolute name', '/etc/cron.d/hokku'],
  ['a way out', 'slugs/../../../../tmp/out'],
  ['a way out of a folder that may hold anything', 'tls/../../admin-token'],
  ['a file of its own', 'hooks/pre-receive'],
  ['a second database', 'platform.sqlite'],
  ['a folder', 'tls/'],
  ['a name that git would read', 'repos/x.git/config'],
])('refuses %s', async (_what, name) => {
  expect(await refusal(await withMember(name, 'x'))).toMatch(
    /^The backup is damaged or is none of Hokku's: it is not an archive/,
  );
});

it.each([
  ['a symbolic link', '2'],
  ['a hard link', '1'],
  ['a device', '3'],
  ['a folder', '5'],
  ['an extended header', 'x'],
  ['a long name', 'L'],
])('refuses %s of a name that is allowed', async (_what, type) => {
  const content = await withMember('tls/ca.pem', 'x');
  const place = content.lastIndexOf(encodeHeader({ name: 'tls/ca.pem', size: 1 }, new Date(0)).subarray(0, 100));
  const header = content.subarray(place, place + 512);
  header[156] = type.charCodeAt(0);
  header.write('        ', 148);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  expect(await refusal(content)).toMatch(/it is not an archive that `hokku backup` writes/);
});

it('refuses the same member twice, an unknown table, and what claims a size that is not there', async () => {
  expect(await refusal(await archive([...headerOf({}), ['tls/a', 'x'], ['tls/a', 'y']]))).toMatch(/holds tls\/a twice/);
  expect(
    await refusal(await archive([...headerOf({}), ['database/sqlite_master.jsonl', '["name"]\n["x"]\n']])),
  ).toMatch(/do not fit the schema/);
  expect(await refusal(await archive([...headerOf({}), ['database/apps.jsonl', '["id\\" --"]\n']]))).toMatch(
    /do not fit the schema/,
  );
  const huge = encodeHeader({ name: 'tls/huge', size: 2 ** 40 }, new Date());
  const start = await archive([...headerOf({})]);
  expect(await refusal(Buffer.concat([start.subarray(0, 1024), huge]))).toMatch(/ends in the middle of tls\/huge/);
  const slug = `slugs/${createHash('sha256').update('other').digest('hex')}.tgz`;
  expect(await refusal(await archive([...headerOf({}), [slug, 'content']]))).toMatch(/not the slug that it is named/);
});

it('refuses what a newer version has made, and asks for the key by its fingerprint', async () => {
  expect(await refusal(await archive(headerOf({ format: 2, hokku: '9.0.0' })))).toMatch(
    /^The backup has format 2, .* Restore it with the version that made it \(9\.0\.0\) or a later one\.$/,
  );
  expect(await refusal(await archive(headerOf({ migrations: ['0001-create-tables', '9999-later'] })))).toMatch(
    /^The database in the backup was written by a newer version of Hokku \(it has had 9999-later/,
  );
  const sealed = await archive(headerOf({ keyFingerprint: '0123456789abcdef' }));
  expect(await refusal(sealed)).toMatch(/does not hold the secret key .* \(fingerprint 0123456789abcdef\)\. Give it/);
  expect(await refusal(sealed, Buffer.alloc(32))).toMatch(/--key-file gives another one \([0-9a-f]{16}\)/);
});

it.each([
  ['no JSON', '["id"]\nnothing\n', /a row of accounts can not be read/],
  ['an object', '["id"]\n{"id":1}\n', /a row of accounts can not be read/],
  ['bytes that are none', '["id"]\n[{"base64":7}]\n', /a row of accounts can not be read/],
  ['too few values', '["id","email"]\n["x"]\n', /do not fit the schema/],
  ['a row that lacks what it must have', '["id"]\n["x"]\n', /do not fit the schema/],
])('refuses rows that are %s', async (_what, rows, text) => {
  const members: [string, string][] = [
    ...headerOf({ migrations: ['0001-create-tables'] }),
    ['database/accounts.jsonl', rows],
  ];
  expect(await refusal(await archive(members))).toMatch(text);
});

it.each([
  ['no JSON', 'nothing'],
  ['a list', '[]'],
  ['a branch elsewhere', '{"head":"../../main","refs":[]}'],
  ['a ref that git would not have', `{"head":"refs/heads/main","refs":[["refs/../config","${'a'.repeat(40)}"]]}`],
  ['a ref without its objects', `{"head":"refs/heads/main","refs":[["refs/heads/main","${'a'.repeat(40)}"]]}`],
])('refuses a repository whose refs are %s', async (_what, refs) => {
  const members: [string, string][] = [...headerOf({}), [`repos/${randomUUID()}.refs`, refs]];
  expect(await refusal(await archive(members))).toMatch(/^The backup is damaged or is none of Hokku's: .*of app/);
});

it('migrates the rows of an older version', async () => {
  const account =
    '["id","number","email","email_key","created_at","updated_at"]\n["a",1,"a@b.c","a@b.c","2020","2020"]\n';
  const old = headerOf({ migrations: ['0001-create-tables'] });
  expect(await refusal(await archive([...old, ['database/accounts.jsonl', account]]))).toBeNull();
});

it('has a place for every folder of a platform', () => {
  // Whoever adds a folder decides here whether a backup holds it.
  const { root: _root, run: _run, ...folders } = dataPaths('/data');
  const held = ['repos', 'slugs', 'sources', 'streams', 'logs', 'tls'];
  const madeAgain = ['cache', 'buildpacks', 'builds', 'dynos', 'holds', 'ballast'];
  expect(Object.keys(folders).toSorted()).toEqual([...held, ...madeAgain].toSorted());
});

function headerOf(change: object): [string, string][] {
  const header = {
    format: 1,
    hokku: '0.1.0',
    createdAt: '2026-01-01T00:00:00.000Z',
    migrations: [],
    keyFingerprint: null,
    holdsKey: false,
    holdsLogs: false,
    apps: 0,
  };
  return [['hokku-backup.json', JSON.stringify({ ...header, ...change })]];
}

async function archive(members: readonly (readonly [string, string])[]): Promise<Buffer> {
  const target = new PassThrough();
  const chunks: Buffer[] = [];
  target.on('data', (chunk: Buffer) => chunks.push(chunk));
  const writer = new BackupWriter(target, new Date(0), signal);
  for (const [name, text] of members) await writer.addText(name, text);
  await writer.end();
  return Buffer.concat(chunks);
}

function withMember(name: string, text: string): Promise<Buffer> {
  return archive([...headerOf({}), [name, text]]);
}
