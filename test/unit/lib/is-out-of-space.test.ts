import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { isOutOfSpace } from '../../../src/lib/is-out-of-space.ts';

it('knows a full disk from what the system, tools and databases throw', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hokku-full-'));
  const database = new Database(join(dir, 'small.sqlite'));
  database.exec('CREATE TABLE t (x)');
  database.pragma('max_page_count = 3');
  let full: unknown = null;
  try {
    database.prepare('INSERT INTO t VALUES (randomblob(100000))').run();
  } catch (error) {
    full = error;
  } finally {
    database.close();
    await rm(dir, { recursive: true });
  }
  expect(isOutOfSpace(full)).toBe(true);
  expect(isOutOfSpace(new Error('the release could not be stored', { cause: full }))).toBe(true);
  expect(isOutOfSpace(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toBe(true);
  expect(isOutOfSpace(new Error('cp exited with 1: cp: error writing: No space left on device'))).toBe(true);
  expect(isOutOfSpace(Object.assign(new Error('open'), { code: 'ENOENT' }))).toBe(false);
});
