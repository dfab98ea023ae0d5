import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { PlatformError } from '../errors/platform-error.ts';
import { makeFolders } from '../lib/make-folders.ts';
import { removeTree } from '../lib/remove-tree.ts';
import { restoreRepo, type RepoRefs } from '../repo/index.ts';
import { finishRestore, importStore, type PlainRows, type PlainValue } from '../store/index.ts';
import type { Logger } from '../log.ts';
import { requireKey, requireKeyFile, type GivenKey } from './backup-key.ts';
import type { DataPaths } from './data-paths.ts';
import { damaged, isRecord, parseJson, type BackupHeader } from './manifest.ts';
import { readBackup } from './read-backup.ts';
import { requireRestorable } from './require-restorable.ts';
import { findLeft, ownName } from './staging-folder.ts';
import { readUnfinished, writeRestoreFile } from './restore-file.ts';
import { MemberFiles } from './member-files.ts';

export interface RestoreInput {
  readonly source: AsyncIterable<Buffer>;
  /** Does not exist, or is empty. */
  readonly dataDir: string;
  /** Null: SQLite in the data folder. */
  readonly databaseUrl: string | null;
  readonly key: GivenKey | null;
  /** Makes the folders of a data folder. */
  readonly makeDataFolders: (root: string) => Promise<DataPaths>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface RestoreReport {
  readonly header: BackupHeader;
  /** The key is in the environment only: the server needs it there too. */
  readonly keyIsElsewhere: boolean;
}

/** Of rows, packs and refs, until they are what they are to be. */
const importFolder = 'import';

/**
 * Makes a data folder from a backup. Everything is made and checked beside it and takes its place by one rename, so that
 * there is nothing or the whole at any moment. Rows that go to a database server are marked until then (see
 * restore-mark.ts), and a second run replaces what a killed one had imported. Throws a PlatformError that says what to do.
 */
export async function restore(input: RestoreInput): Promise<RestoreReport> {
  const { dataDir, databaseUrl, signal } = input;
  await requireRestorable(dataDir);
  await makeFolders(dirname(dataDir));
  const prefix = `.${basename(dataDir)}.restore-`;
  const left = await findLeft(dirname(dataDir), prefix);
  const unfinished = (await Promise.all(left.map(readUnfinished))).flat();
  const root = join(dirname(dataDir), ownName(prefix));
  const restoreId = randomUUID();
  await mkdir(root, { mode: 0o700 });
  /** From here on, what the folder says about the database is needed by the next attempt. */
  let mayBeCommitted = false;
  try {
    await writeRestoreFile(root, { id: restoreId, unfinished });
    for (const path of left) await removeTree(path);
    const data = await input.makeDataFolders(root);
    const files = new MemberFiles(root, join(root, importFolder), signal);
    const header = await readBackup(
      input.source,
      files.handler((found) => {
        requireKey(found, input.key);
      }),
    );
    const keyIsElsewhere = await requireKeyFile(header, input.key, root);
    await restoreRepos(data, files.repos, join(root, importFolder), signal);
    const rows = plainRows(header, files.tables, join(root, importFolder, 'database'));
    const store = { url: databaseUrl ?? join(root, 'platform.sqlite'), log: input.log };
    signal.throwIfAborted();
    mayBeCommitted = databaseUrl !== null;
    await importStore(store, rows, { restoreId: databaseUrl === null ? null : restoreId, unfinished });
    await rm(join(root, importFolder), { recursive: true, force: true });
    await settle(root, dataDir);
    if (databaseUrl !== null) await finishRestore(store, restoreId);
    return { header, keyIsElsewhere };
  } catch (error) {
    // A refusal of ours was rolled back.
    if (!mayBeCommitted || error instanceof PlatformError) await removeTree(root);
    throw error;
  }
}

/** The folder takes its place, for good. */
async function settle(root: string, dataDir: string): Promise<void> {
  await sync(root);
  await rename(root, dataDir).catch((error: unknown) => {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST')
      throw new Error(
        `Something was put into ${dataDir} meanwhile. Nothing was restored; restore into an empty folder.`,
        { cause: error },
      );
    throw error;
  });
  await sync(dirname(dataDir));
}

async function restoreRepos(
  data: DataPaths,
  repos: readonly string[],
  dir: string,
  signal: AbortSignal,
): Promise<void> {
  for (const id of repos) {
    signal.throwIfAborted();
    const refs = parseRefs(await readFile(join(dir, 'repos', `${id}.refs`), 'utf8'), id);
    const pack = refs.refs.length === 0 ? null : join(dir, 'repos', `${id}.pack`);
    try {
      await restoreRepo(join(data.repos, `${id}.git`), refs, pack);
    } catch (error) {
      throw damaged(`the repository of app ${id} is not whole (${(error as Error).message})`, error);
    }
  }
}

function parseRefs(text: string, id: string): RepoRefs {
  const parsed = parseJson(text);
  const { head, refs } = isRecord(parsed) ? parsed : {};
  const isRef = (ref: unknown): boolean =>
    Array.isArray(ref) &&
    ref.length === 2 &&
    ref.every((part) => typeof part === 'string') &&
    /^refs\/[^\0\n ]{1,4096}$/.test(ref[0] as string) &&
    /^[0-9a-f]{40}$/.test(ref[1] as string);
  const isHead = typeof head === 'string' && /^refs\/heads\/[^\0\n ]{1,200}$/.test(head);
  if (!isHead || !Array.isArray(refs) || !refs.every(isRef)) throw damaged(`the refs of app ${id} are none`);
  return { head, refs: refs as RepoRefs['refs'] };
}

function plainRows({ migrations }: BackupHeader, tables: readonly string[], dir: string): PlainRows {
  return {
    migrations,
    tables,
    read: async function* (table) {
      const lines = createInterface({ input: createReadStream(join(dir, `${table}.jsonl`)), crlfDelay: Infinity });
      let piece: (readonly PlainValue[])[] = [];
      for await (const line of lines) {
        piece.push(parseRow(line, table));
        if (piece.length < rowsAtOnce) continue;
        yield piece;
        piece = [];
      }
      if (piece.length > 0) yield piece;
    },
  };
}

const rowsAtOnce = 500;

function parseRow(line: string, table: string): readonly PlainValue[] {
  const row = parseJson(line);
  if (!Array.isArray(row) || !row.every(isPlainValue)) throw damaged(`a row of ${table} can not be read`);
  return row;
}

function isPlainValue(value: unknown): value is PlainValue {
  if (value === null || typeof value === 'string' || Number.isSafeInteger(value)) return true;
  return isRecord(value) && typeof value['base64'] === 'string';
}

async function sync(dir: string): Promise<void> {
  const folder = await open(dir);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
