import { join, resolve } from 'node:path';
import { backUp, type BackUpReport } from '../backup/index.ts';
import { loadConfig, readEnvironment, readSecretKey, type Environment } from '../config/index.ts';
import { dataPaths } from '../data-folder.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { exists } from '../lib/exists.ts';
import { keyFingerprint } from '../lib/key-fingerprint.ts';
import { lastBackupFile } from '../lifecycle/index.ts';
import { openLogs } from '../log.ts';
import { findDataDir } from './local-platform.ts';
import { requireOwnDatabase } from './require-own-database.ts';
import { stoppable } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';
import { readVersion } from './version.ts';

export interface BackupOptions {
  readonly logs?: true;
  readonly withKey?: true;
  readonly keyOnly?: true;
  readonly json?: true;
}

/** `hokku backup [FILE]`: of a platform on this machine, running or not. `-` is standard output. */
export async function backupCommand(
  given: string | undefined,
  options: BackupOptions,
  terminal: Terminal,
): Promise<number> {
  const env = readEnvironment();
  const isRoot = process.getuid?.() === 0;
  const cwd = process.cwd();
  const dataDir = findDataDir(env, cwd, isRoot);
  const toStdout = given === '-';
  if (options.keyOnly === true)
    return writeKey(given === undefined || toStdout ? null : resolve(cwd, given), env, dataDir, terminal);
  if (toStdout && process.stdout.isTTY)
    throw new PlatformError(
      'invalid_params',
      'A backup is no text for a terminal. Give a file name, or send it on: hokku backup - | ssh ...',
    );
  const config = loadConfig({ ...env, HOKKU_DATA_DIR: dataDir }, { isRoot, cwd });
  await requireOwnDatabase(config);
  const secretKey = options.withKey === true ? await requireKey(env, dataDir) : null;
  const path = resolve(cwd, given ?? defaultName(new Date()));
  const startedAt = performance.now();
  const report = await stoppable((signal) =>
    backUp({
      data: dataPaths(dataDir),
      store: { url: config.databaseUrl, log: openLogs('error', false).store },
      hokku: readVersion(),
      withLogs: options.logs === true,
      secretKey,
      target: toStdout ? process.stdout : path,
      signal,
    }),
  );
  if (report === 'stopped') return 130;
  // The platform tells its operator when this becomes old.
  await writeFileAtomic(join(dataDir, lastBackupFile), `${new Date().toISOString()}\n`, 0o600).catch(
    (error: unknown) => {
      terminal.err(`hokku: warning: the time of this backup could not be noted in ${dataDir}: ${String(error)}\n`);
    },
  );
  const tookMs = Math.round(performance.now() - startedAt);
  if (options.json === true && !toStdout) {
    terminal.out(`${JSON.stringify({ file: path, ...report, tookMs, holdsKey: secretKey !== null })}\n`);
  } else terminal.err(describe(report, toStdout ? null : path, tookMs, secretKey !== null));
  return 0;
}

function describe(report: BackUpReport, path: string | null, tookMs: number, holdsKey: boolean): string {
  const { apps, slugs, sizeBytes, keyFingerprint: fingerprint, warnings } = report;
  const lines = [
    `hokku: ${path ?? 'standard output'}: ${apps} apps, ${slugs} slugs, ${(sizeBytes / 1e6).toFixed(1)} MB in ${(tookMs / 1000).toFixed(1)} s${path === null ? '; not verified, check the copy' : ', read again and whole'}`,
    ...warnings.map((warning) => `hokku: warning: ${warning}`),
    holdsKey
      ? 'hokku: the secret key is INSIDE: whoever has this file can read every config var and certificate. Encrypt it.'
      : `hokku: the secret key is NOT inside (fingerprint ${fingerprint ?? 'none yet'}), and a restore needs it: keep the output of \`hokku backup --key-only\` apart from the backup.`,
    "hokku: the operator's token and the private keys of the certificates in tls/ are inside: keep the file as you keep these.",
  ];
  return `${lines.join('\n')}\n`;
}

/** Null: to standard output. */
async function writeKey(path: string | null, env: Environment, dataDir: string, terminal: Terminal): Promise<number> {
  const key = await requireKey(env, dataDir);
  const text = `${Buffer.from(key).toString('hex')}\n`;
  if (path === null) terminal.out(text);
  else {
    if (await exists(path)) throw new PlatformError('conflict', `${path} exists. Give another name.`);
    await writeFileAtomic(path, text, 0o600);
  }
  terminal.err(
    `hokku: the secret key of fingerprint ${keyFingerprint(key)}; give it to \`hokku restore\` with --key-file\n`,
  );
  return 0;
}

async function requireKey(env: Environment, dataDir: string): Promise<Uint8Array> {
  const key = await readSecretKey(env, dataDir);
  if (key !== null) return key;
  throw new PlatformError(
    'not_found',
    `There is no secret key here: neither HOKKU_SECRET_KEY is set nor is there ${dataDir}/secret-key. Set the variable as for the server.`,
  );
}

function defaultName(now: Date): string {
  return `hokku-${now.toISOString().replaceAll(/[:.]/g, '-')}.tar`;
}
