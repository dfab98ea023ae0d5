import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { readEnvironment } from '../../config/index.ts';
import { PlatformError } from '../../errors/platform-error.ts';
import { ApiClient } from '../client/api-client.ts';
import { ApiError } from '../client/client-error.ts';
import type { Terminal } from '../terminal.ts';
import { examineCertificate, parseCa } from './certificate-trust.ts';
import { CredentialStore, type StoredPlatform } from './credential-store.ts';
import { parsePlatformUrl, type PlatformUrl } from './platform-url.ts';
import { ask, readFirstLine } from './prompt.ts';

export interface LoginOptions {
  readonly token?: string;
  readonly interactive?: true;
  readonly ca?: string;
  readonly fingerprint?: string;
}

/**
 * `hokku login URL`: proves that the platform is the one it says, then the token, and keeps both for the commands to
 * come. The token is not sent before the certificate has been accepted.
 */
export async function loginCommand(address: string, options: LoginOptions, terminal: Terminal): Promise<number> {
  const url = parsePlatformUrl(address);
  const env = readEnvironment();
  const store = CredentialStore.of(env);
  const ca = await chooseCa(url, (await store.find(url))?.ca ?? null, options, terminal);
  const platform =
    options.interactive === true
      ? await authorize(url, ca)
      : await withToken(url, ca, options.token ?? (await typedToken()));
  await store.save(platform);
  await store.use(url);
  terminal.out(`Logged in as ${platform.email}\n`);
  terminal.err(`hokku: commands now speak to ${url.origin}. For the heroku CLI and git: eval "$(hokku env)"\n`);
  const { HOKKU_TOKEN_ORIGIN: shell } = env;
  if (shell !== undefined && shell !== url.origin) {
    terminal.err(`hokku: this shell still speaks to ${shell}, until hokku env is evaluated again\n`);
  }
  return 0;
}

/** PEM of the CA to trust alone; null: whom the machine trusts. Throws when the platform can't be trusted. */
async function chooseCa(
  url: PlatformUrl,
  known: string | null,
  options: LoginOptions,
  terminal: Terminal,
): Promise<string | null> {
  const given = options.ca === undefined ? null : parseCa(await readCaFile(options.ca), options.ca);
  if (!url.isHttps) {
    // Of this machine, where plain http is as good; git wants TLS even so.
    const trust = await examineCertificate(url, given).catch(() => null);
    return trust?.is === 'unknown-ca' ? trust.ca : given;
  }
  for (const ca of given === null ? [known, null] : [given]) {
    const trust = await examineCertificate(url, ca);
    if (trust.is === 'trusted') return ca;
    if (trust.is === 'unknown-ca' && (await isAccepted(url, trust.fingerprint, known, options, terminal)))
      return trust.ca;
    if (ca === null || given !== null) throw untrusted(url, trust.is === 'refused' ? trust.reason : 'declined');
  }
  throw untrusted(url, 'unknown');
}

async function isAccepted(
  url: PlatformUrl,
  fingerprint: string,
  known: string | null,
  { fingerprint: expected }: LoginOptions,
  terminal: Terminal,
): Promise<boolean> {
  if (expected !== undefined) {
    const plain = (text: string): string => text.replaceAll(/[^0-9a-f]/gi, '').toUpperCase();
    if (plain(expected) === plain(fingerprint)) return true;
    throw new PlatformError(
      'forbidden',
      `The CA of ${url.origin} has the fingerprint ${fingerprint}, not that of --fingerprint.`,
    );
  }
  if (known !== null) {
    terminal.err(
      `hokku: ${url.origin} has ANOTHER certificate authority than at the last login. Ask its operator why.\n`,
    );
  }
  terminal.err(
    `${url.origin} has a certificate of an authority that is not known here. Its fingerprint (SHA-256):\n  ${fingerprint}\n` +
      'The operator sees it with: openssl x509 -noout -fingerprint -sha256 -in DATA_DIR/tls/ca.pem\n',
  );
  const answer = await ask('Trust it for this platform? Type yes: ');
  if (answer === null) {
    throw new PlatformError(
      'forbidden',
      `${url.origin} is not trusted. Give its CA with --ca FILE, or the fingerprint above with --fingerprint once you have compared it.`,
    );
  }
  return answer === 'yes';
}

function untrusted(url: PlatformUrl, reason: string): PlatformError {
  return new PlatformError(
    'forbidden',
    `The certificate of ${url.origin} is not accepted (${reason}). Nothing was sent. Check the address, or give the platform's CA with --ca FILE.`,
  );
}

async function readCaFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new PlatformError('invalid_params', `${path} cannot be read (${code}).`, { cause });
  }
}

async function typedToken(): Promise<string> {
  return (await ask('Token: ', { isSecret: true })) ?? (await readFirstLine());
}

async function withToken(url: PlatformUrl, ca: string | null, token: string): Promise<StoredPlatform> {
  const api = client(url, ca, checkToken(token));
  const account = (await api.request('/account')) as { readonly email?: unknown };
  if (typeof account.email !== 'string') throw notAPlatform(url);
  return { url, ca, token, email: account.email, authorizationId: null };
}

/** E-mail and password make an authorization of their own, which logout revokes. A token is a password too. */
async function authorize(url: PlatformUrl, ca: string | null): Promise<StoredPlatform> {
  const email = await ask('Email: ');
  const password = email === null ? null : await ask('Password (or token): ', { isSecret: true });
  if (email === null || password === null) {
    throw new PlatformError(
      'invalid_params',
      'login --interactive needs a terminal. Without one, give the token on standard input.',
    );
  }
  const authorization = `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`;
  const body = { description: `Hokku CLI login from ${hostname()}`, scope: ['global'] };
  try {
    const made = (await client(url, ca, password).request('/oauth/authorizations', {
      method: 'POST',
      body,
      authorization,
    })) as { readonly id?: unknown; readonly access_token?: { readonly token?: unknown } | null };
    const token = made.access_token?.token;
    if (typeof made.id !== 'string' || typeof token !== 'string') throw notAPlatform(url);
    return { ...(await withToken(url, ca, token)), authorizationId: made.id };
  } catch (error) {
    // A platform without authorizations takes the token itself.
    const isOlder = error instanceof ApiError && (error.status === 404 || error.status === 501);
    if (!isOlder) throw error;
    return await withToken(url, ca, password);
  }
}

export function client(url: PlatformUrl, ca: string | null, token: string): ApiClient {
  return new ApiClient({ url, ca, token, dataDir: null }, () => undefined);
}

/** It goes into a header: anything else than printable characters is not one. */
function checkToken(token: string): string {
  if (/^[\x21-\x7e]{8,256}$/.test(token)) return token;
  throw new PlatformError(
    'invalid_params',
    'That is not a token: it has 8 to 256 printable characters without spaces.',
  );
}

function notAPlatform(url: PlatformUrl): PlatformError {
  return new PlatformError('unavailable', `${url.origin} does not answer as a Hokku platform. Check the address.`);
}
