import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { freeSpace } from '../lib/free-space.ts';
import { restore, type GivenKey } from '../backup/index.ts';
import {
  databaseKind,
  loadConfig,
  readEnvironment,
  readKeyFile,
  readSecretKey,
  type Environment,
} from '../config/index.ts';
import { makeDataFolders } from '../data-folder.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { exists } from '../lib/exists.ts';
import { isOutOfSpace } from '../lib/is-out-of-space.ts';
import { openLogs } from '../log.ts';
import { quoteForDotenv } from './client/shell-quote.ts';
import { stoppable } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';

export interface RestoreOptions {
  readonly data?: string;
  readonly keyFile?: string;
  readonly json?: true;
}

/** `hokku restore FILE`: into a data folder that does not exist or is empty. `-` is standard input. */
export async function restoreCommand(file: string, options: RestoreOptions, terminal: Terminal): Promise<number> {
  const env = readEnvironment();
  const cwd = process.cwd();
  const folder = options.data === undefined ? {} : { HOKKU_DATA_DIR: resolve(cwd, options.data) };
  const config = loadConfig({ ...env, ...folder }, { isRoot: process.getuid?.() === 0, cwd });
  const { dataDir } = config;
  const key = await givenKey(options.keyFile === undefined ? null : resolve(cwd, options.keyFile), env, dataDir);
  if (file !== '-') await requireSpace(resolve(cwd, file), dataDir);
  const startedAt = performance.now();
  const report = await stoppable((signal) =>
    restore({
      source: file === '-' ? process.stdin : createReadStream(resolve(cwd, file), { highWaterMark: 1024 * 1024 }),
      dataDir,
      databaseUrl: databaseKind(config) === 'postgres' ? config.databaseUrl : null,
      key,
      makeDataFolders,
      log: openLogs('error', false).store,
      signal,
    }).catch((error: unknown) => {
      if (!isOutOfSpace(error)) throw error;
      const message = `The disk of ${dataDir} is full. Nothing was restored; free some space, or restore onto another disk with --data.`;
      throw new PlatformError('unavailable', message, { cause: error });
    }),
  );
  if (report === 'stopped') return 130;
  const { header, keyIsElsewhere } = report;
  const tookMs = Math.round(performance.now() - startedAt);
  if (options.json === true) {
    terminal.out(
      `${JSON.stringify({ dataDir, apps: header.apps, createdAt: header.createdAt, tookMs, keyIsElsewhere })}\n`,
    );
    return 0;
  }
  terminal.out(
    `hokku: ${header.apps} apps as of ${header.createdAt}, restored into ${dataDir} in ${(tookMs / 1000).toFixed(1)} s\n` +
      (keyIsElsewhere ? 'hokku: the secret key is in HOKKU_SECRET_KEY only: set it for the server too\n' : '') +
      `hokku: start it with: HOKKU_DATA_DIR=${quoteForDotenv(dataDir)} hokku server\n`,
  );
  return 0;
}

async function givenKey(keyFile: string | null, env: Environment, dataDir: string): Promise<GivenKey | null> {
  if (keyFile !== null) {
    const key = await readKeyFile(keyFile);
    if (key === null)
      throw new PlatformError('not_found', `${keyFile} is missing. Give the copy of the secret key with --key-file.`);
    return { key, isFromFile: true };
  }
  const key = await readSecretKey({ HOKKU_SECRET_KEY: env['HOKKU_SECRET_KEY'] }, dataDir);
  return key === null ? null : { key, isFromFile: false };
}

/** What is restored takes about as much as its backup, and each repository once more while it is checked. */
async function requireSpace(file: string, dataDir: string): Promise<void> {
  if (!(await exists(file)))
    throw new PlatformError(
      'not_found',
      `${file} does not exist. Give the path of a file that \`hokku backup\` has written.`,
    );
  const stats = await stat(file);
  if (!stats.isFile()) return;
  const { freeBytes } = await freeSpace(await nearestFolder(dirname(dataDir)));
  if (freeBytes >= 1.1 * stats.size) return;
  throw new PlatformError(
    'unavailable',
    `The backup needs ${Math.ceil((1.1 * stats.size) / 1e6)} MB on the disk of ${dataDir}, where ${Math.ceil(freeBytes / 1e6)} MB are free. Free some space, or restore onto another disk with --data.`,
  );
}

async function nearestFolder(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere || path === dirname(path) ? path : nearestFolder(dirname(path));
}
