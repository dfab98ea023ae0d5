import { join } from 'node:path';
import { readApiKey, type Environment } from '../../config/index.ts';
import { PlatformError } from '../../errors/platform-error.ts';
import { findDataDir, localUrl, readLocalCa, readPlatformFile } from '../local-platform.ts';
import { CredentialStore, type StoredPlatform } from '../platforms/credential-store.ts';
import { parsePlatformUrl, type PlatformUrl } from '../platforms/platform-url.ts';

/** The platform that a command speaks to, and as whom. */
export interface Target {
  readonly url: PlatformUrl;
  readonly token: string;
  /** PEM of what alone is trusted; null: whom the machine trusts. */
  readonly ca: string | null;
  /** Of the platform of this machine, else null. */
  readonly dataDir: string | null;
}

/**
 * Chosen by, in this order: `platform` (an address of `hokku platforms`, or `local`), HOKKU_PLATFORM, the shell that
 * has evaluated `hokku env`, HOKKU_DATA_DIR, the platform of the last login, the platform of this machine.
 */
export async function findTarget(
  env: Environment,
  options: { readonly platform?: string | undefined; readonly ignoreShell?: boolean } = {},
): Promise<Target> {
  const named = options.platform ?? env['HOKKU_PLATFORM'];
  if (named === 'local') return localTarget(env);
  const store = CredentialStore.of(env);
  if (named !== undefined && named !== '') {
    const url = parsePlatformUrl(named);
    const stored = await store.find(url);
    if (stored !== null) return storedTarget(stored);
    throw new PlatformError('not_found', `You are not logged in to ${url.origin}. Log in: hokku login ${url.origin}`);
  }
  const shell = options.ignoreShell === true ? null : shellTarget(env);
  if (shell !== null) return shell;
  if ((env['HOKKU_DATA_DIR'] ?? '') !== '') return localTarget(env);
  const current = await store.current();
  return current === null ? localTarget(env) : storedTarget(current);
}

function storedTarget({ url, token, ca }: StoredPlatform): Target {
  return { url, token, ca, dataDir: null };
}

/** Node trusts what NODE_EXTRA_CA_CERTS of this shell says by itself. */
function shellTarget(env: Environment): Target | null {
  const { HOKKU_TOKEN_ORIGIN: origin = '', HEROKU_API_KEY: token = '' } = env;
  if (origin === '' || token === '') return null;
  const url = parsePlatformUrl(origin);
  return { url, token, ca: null, dataDir: null };
}

async function localTarget(env: Environment): Promise<Target> {
  const dataDir = findDataDir(env, process.cwd(), process.getuid?.() === 0);
  const url = localUrl(await readPlatformFile(dataDir));
  const token = await readApiKey(env, dataDir);
  if (token === null) {
    throw new PlatformError(
      'not_found',
      `${join(dataDir, 'admin-token')} is missing. Set HOKKU_API_KEY to the platform's token.`,
    );
  }
  return { url, token, ca: await readLocalCa(dataDir), dataDir };
}
