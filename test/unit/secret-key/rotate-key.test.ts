import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { openConfigVars } from '../../../src/config-vars/index.ts';
import { loadSecrets } from '../../../src/config/index.ts';
import { keyFingerprint } from '../../../src/lib/key-fingerprint.ts';
import { agreeOnKey, rotateKey } from '../../../src/secret-key/index.ts';
import { openStore, sealedColumns, type Store } from '../../../src/store/index.ts';
import { createApp, quiet } from '../../rig/store.ts';

let dir: string;
let store: Store;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-key-'));
  store = await openStore({ url: join(dir, 'platform.sqlite'), log: quiet.store });
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

/** As a start does it. */
async function start(env: Readonly<Record<string, string>> = {}): Promise<Uint8Array> {
  return await agreeOnKey(store, await loadSecrets(env, dir), dir);
}

it('knows every column that holds bytes, so that none keeps the old key', () => {
  const db = new SqliteDatabase(join(dir, 'platform.sqlite'), { readonly: true });
  const columns = db
    .prepare(
      "select m.name as 'table', c.name as 'column' from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and lower(c.type) = 'blob'",
    )
    .all() as { table: string; column: string }[];
  db.close();
  const known = sealedColumns.map(({ table, column }) => `${table}.${column}`);
  expect(columns.map(({ table, column }) => `${table}.${column}`).toSorted()).toEqual(known.toSorted());
});

it('seals everything anew, version by version', async () => {
  const account = await store.accounts.create({ email: 'ada@example.com' });
  const first = await start();
  for (let n = 0; n < 600; n += 1) {
    const app = await createApp(store, account.id, `app-${n}`);
    const sealed = openConfigVars(store, first).seal(app.id, { N: String(n) });
    await store.apps.writeConfig(app.id, sealed);
  }

  expect(await rotateKey(store, dir, first)).toMatchObject({ version: 2, count: 600, from: keyFingerprint(first) });
  const second = await start();
  expect(await rotateKey(store, dir, second)).toMatchObject({ version: 3, count: 600 });

  const third = await start();
  const vars = openConfigVars(store, third);
  for (const app of await store.apps.list()) expect(await vars.read(app.id)).toEqual({ N: app.name.slice(4) });
  const [one] = await store.apps.list();
  if (one === undefined) throw new Error('no app');
  await expect(openConfigVars(store, first).read(one.id)).rejects.toThrow("can't be decrypted");
  expect((await readdir(dir)).filter((name) => name.includes('key'))).toEqual(['secret-key']);
});

it('starts with the key that fits, wherever a rotation was killed', async () => {
  const old = await start();
  const oldText = await readFile(join(dir, 'secret-key'), 'utf8');
  // Before the commit: the new key is nobody's.
  await writeFile(join(dir, 'secret-key.next'), `${'ab'.repeat(32)}\n`);
  expect(await start()).toEqual(old);
  expect(existsSync(join(dir, 'secret-key.next'))).toBe(false);
  // After the commit, before the rename.
  await rotateKey(store, dir, old);
  const newText = await readFile(join(dir, 'secret-key'), 'utf8');
  await writeFile(join(dir, 'secret-key.next'), newText);
  await writeFile(join(dir, 'secret-key'), oldText);
  expect(Buffer.from(await start()).toString('hex')).toBe(newText.trim());
  expect(await readFile(join(dir, 'secret-key'), 'utf8')).toBe(newText);
});

it('refuses to start with another key, and changes nothing when a value does not open', async () => {
  const key = await start();
  const fingerprint = keyFingerprint(key);
  const other = 'cd'.repeat(32);
  await expect(start({ HOKKU_SECRET_KEY: other })).rejects.toThrow(
    new RegExp(
      `^The data was written with the secret key of fingerprint ${fingerprint}, and HOKKU_SECRET_KEY holds another one`,
    ),
  );
  await rm(join(dir, 'secret-key'));
  await expect(start()).rejects.toThrow(
    `and there is no key: neither HOKKU_SECRET_KEY is set nor is there ${dir}/secret-key`,
  );
  expect(existsSync(join(dir, 'secret-key'))).toBe(false);
  const hex = Buffer.from(key).toString('hex');
  expect(await start({ HOKKU_SECRET_KEY: hex })).toEqual(key);

  const account = await store.accounts.create({ email: 'ada@example.com' });
  const app = await createApp(store, account.id, 'app');
  const strange = openConfigVars(store, Buffer.from(other, 'hex')).seal(app.id, { A: 'b' });
  await store.apps.writeConfig(app.id, strange);
  await expect(rotateKey(store, dir, key)).rejects.toThrow(`config-vars:${app.id} can't be opened`);
  expect(await store.secretKeys.find()).toEqual({ version: 1, fingerprint });
  expect(await start({ HOKKU_SECRET_KEY: hex })).toEqual(key);
});
