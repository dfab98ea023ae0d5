import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { parseHttpTarget, urlProblem } from '../lib/http-target.ts';
import type { Environment } from './env.ts';

/** Kept apart from Config so that the latter can be printed. */
export interface Secrets {
  /** 32 bytes; encrypts config vars and credentials at rest. */
  readonly secretKey: Uint8Array;
  /** Where the key comes from; `new`: it was made just now. */
  readonly secretKeyFrom: 'environment' | 'file' | 'new';
  /** Token of the first account. */
  readonly apiKey: string;
  /** True when the token was made just now, and must be shown to the operator once. */
  readonly apiKeyIsNew: boolean;
  /** Where the operator is told of trouble (HOKKU_NOTIFY_URL), and what that is signed with; null: in the log alone. */
  readonly notify: { readonly url: string; readonly secret: string } | null;
}

/** From the environment, else from files in the data folder (0600), which are made on first start. */
export async function loadSecrets(env: Environment, dataDir: string): Promise<Secrets> {
  const key = await given(env, 'HOKKU_SECRET_KEY', secretKeyFile(dataDir), newSecretKey);
  const secretKey = parseSecretKey(key.value, 'HOKKU_SECRET_KEY');
  const apiKey = await given(env, 'HOKKU_API_KEY', join(dataDir, 'admin-token'), newApiKey);
  if (!/^[\x21-\x7e]{8,256}$/.test(apiKey.value)) {
    throw new PlatformError(
      'invalid_params',
      'HOKKU_API_KEY is not usable. Allowed: 8 to 256 printable characters without spaces.',
    );
  }
  const secretKeyFrom = key.isNew ? 'new' : key.isFromEnvironment ? 'environment' : 'file';
  return { secretKey, secretKeyFrom, apiKey: apiKey.value, apiKeyIsNew: apiKey.isNew, notify: notifyTarget(env) };
}

/** The URL may hold a password: it is in no message. */
function notifyTarget(env: Environment): Secrets['notify'] {
  const [url = '', secret = ''] = [env['HOKKU_NOTIFY_URL'], env['HOKKU_NOTIFY_SECRET']];
  if (url === '') return null;
  const problem = urlProblem(url) ?? parseHttpTarget(url);
  if (typeof problem === 'string') {
    throw new PlatformError('invalid_params', `HOKKU_NOTIFY_URL is not usable: it ${problem}.`);
  }
  if (secret.length >= 16) return { url, secret };
  throw new PlatformError(
    'invalid_params',
    'HOKKU_NOTIFY_SECRET is not usable. What is sent to HOKKU_NOTIFY_URL is signed with it: give it 16 characters or more.',
  );
}

/** What there is of it without a start: nothing is made. */
export async function readSecretKey(env: Environment, dataDir: string): Promise<Uint8Array | null> {
  const fromEnv = env['HOKKU_SECRET_KEY'];
  if (fromEnv !== undefined && fromEnv !== '') return parseSecretKey(fromEnv, 'HOKKU_SECRET_KEY');
  return readKeyFile(secretKeyFile(dataDir));
}

/** Null when there is no such file. */
export async function readKeyFile(path: string): Promise<Uint8Array | null> {
  const stored = await readTrimmed(path);
  return stored === null ? null : parseSecretKey(stored, path);
}

export function secretKeyFile(dataDir: string): string {
  return join(dataDir, 'secret-key');
}

/** Also for `hokku env`: the token that a platform with this data folder takes; null before its first start. */
export async function readApiKey(env: Environment, dataDir: string): Promise<string | null> {
  const fromEnv = env['HOKKU_API_KEY'];
  if (fromEnv !== undefined && fromEnv !== '') return fromEnv;
  return readTrimmed(join(dataDir, 'admin-token'));
}

interface Given {
  readonly value: string;
  readonly isNew: boolean;
  readonly isFromEnvironment: boolean;
}

async function given(env: Environment, name: string, path: string, make: () => string): Promise<Given> {
  const fromEnv = env[name];
  if (fromEnv !== undefined && fromEnv !== '') return { value: fromEnv, isNew: false, isFromEnvironment: true };
  const stored = await readTrimmed(path);
  if (stored !== null && stored !== '') return { value: stored, isNew: false, isFromEnvironment: false };
  const value = make();
  await writeFileAtomic(path, `${value}\n`, 0o600);
  return { value, isNew: true, isFromEnvironment: false };
}

async function readTrimmed(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new PlatformError('internal_server_error', `Couldn't read ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function newSecretKey(): string {
  return randomBytes(32).toString('hex');
}

/** Shaped like Heroku's own tokens, so that secret scanners know it. */
function newApiKey(): string {
  return `HRKU-${randomUUID()}`;
}

function parseSecretKey(value: string, where: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(value)) {
    throw new PlatformError(
      'invalid_params',
      `${where} is not usable. Allowed: 64 hex digits (32 bytes), as \`openssl rand -hex 32\` makes them.`,
    );
  }
  return Buffer.from(value, 'hex');
}
