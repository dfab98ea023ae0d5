import { createPrivateKey, X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { PlatformError } from '../errors/platform-error.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { issueCertificate, makeAuthority, type Pair } from './certificate-authority.ts';

export interface ServerCertificate {
  /** Path of the private CA's certificate, for clients to trust; null with the operator's own certificate. */
  readonly ca: string | null;
  /** PEM, with the chain if there is one. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

const dayMs = 86_400_000;
const caDays = 3_650;
/** Apple's systems refuse server certificates that are valid for longer. */
const serverDays = 397;
const renewBeforeDays = 30;

/**
 * The platform's TLS certificate: the operator's own if `options` name one, else one for `domain`, `*.domain` and this
 * machine, signed by a private CA. Both are made in `dir` on first use; the server's is renewed 30 days before its end
 * or when the domain has changed, while the CA stays, so that clients trust it once.
 * @throws PlatformError when the operator's files cannot be used.
 */
export async function ensureCertificate(
  dir: string,
  domain: string,
  options: { cert?: string; key?: string } = {},
): Promise<ServerCertificate> {
  if (options.cert !== undefined || options.key !== undefined) return readOperators(options);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const ca = await ensureCa(dir);
  const path = join(dir, 'ca.pem');
  const present = await readPair(join(dir, 'cert.pem'), join(dir, 'key.pem'));
  const issuer = new NodeCertificate(ca.cert);
  if (present !== null && isUsable(present.cert, domain, issuer)) return withChain(path, present, ca);
  const made = await issueCertificate(namesOf(domain), ca, serverDays);
  await writeFileAtomic(join(dir, 'key.pem'), made.key, 0o600);
  await writeFileAtomic(join(dir, 'cert.pem'), made.cert);
  return withChain(path, made, ca);
}

/** The CA is sent along, so that a client which knows nobody here can be shown whom to trust. */
function withChain(path: string, { cert, key }: Pair, ca: Pair): ServerCertificate {
  return { ca: path, cert: `${cert}${ca.cert}`, key };
}

async function ensureCa(dir: string): Promise<Pair> {
  const [certPath, keyPath] = [join(dir, 'ca.pem'), join(dir, 'ca-key.pem')];
  const present = await readPair(certPath, keyPath);
  if (present !== null && validFor(new NodeCertificate(present.cert)) > serverDays * dayMs) return present;
  const pair = await makeAuthority(caDays);
  await writeFileAtomic(keyPath, pair.key, 0o600);
  await writeFileAtomic(certPath, pair.cert);
  return pair;
}

function namesOf(domain: string): string[] {
  const names = ['127.0.0.1', '::1', 'localhost', '*.localhost', domain];
  return [...new Set(isIP(domain) === 0 ? [...names, `*.${domain}`] : names)];
}

function isUsable(cert: string, domain: string, ca: NodeCertificate): boolean {
  const certificate = new NodeCertificate(cert);
  const covered = (certificate.subjectAltName ?? '').split(', ');
  const wanted = isIP(domain) === 0 ? [`DNS:${domain}`, `DNS:*.${domain}`] : [`IP Address:${domain}`];
  return (
    wanted.every((name) => covered.includes(name)) &&
    validFor(certificate) > renewBeforeDays * dayMs &&
    certificate.verify(ca.publicKey)
  );
}

/** Null when a file is missing, or they are not a certificate and its key (a crash between the two writes). */
async function readPair(certPath: string, keyPath: string): Promise<Pair | null> {
  try {
    const [cert, key] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')]);
    return new NodeCertificate(cert).checkPrivateKey(createPrivateKey(key)) ? { cert, key } : null;
  } catch {
    return null;
  }
}

async function readOperators({ cert, key }: { cert?: string; key?: string }): Promise<ServerCertificate> {
  if (cert === undefined || key === undefined) {
    throw new PlatformError('unavailable', 'HOKKU_TLS_CERT and HOKKU_TLS_KEY belong together: set both or neither.');
  }
  const certificate = await readPem('HOKKU_TLS_CERT', cert);
  const privateKey = await readPem('HOKKU_TLS_KEY', key);
  const parsed = parse('HOKKU_TLS_CERT', cert, 'a PEM certificate', () => new NodeCertificate(certificate));
  const parsedKey = parse('HOKKU_TLS_KEY', key, 'a PEM private key without a passphrase', () =>
    createPrivateKey(privateKey),
  );
  if (!parsed.checkPrivateKey(parsedKey)) {
    throw new PlatformError('unavailable', `HOKKU_TLS_KEY (${key}) is not the key of HOKKU_TLS_CERT (${cert}).`);
  }
  if (validFor(parsed) <= 0) {
    throw new PlatformError('unavailable', `HOKKU_TLS_CERT (${cert}) expired on ${parsed.validTo}. Renew it.`);
  }
  return { ca: null, cert: certificate, key: privateKey };
}

async function readPem(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new PlatformError('unavailable', `${setting} cannot be read: ${path} (${code}).`, { cause });
  }
}

/** The cause is left out: an error about a key may quote it. */
function parse<T>(setting: string, path: string, form: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new PlatformError('unavailable', `${setting} (${path}) is not ${form}.`);
  }
}

/** Milliseconds until its end. */
function validFor(certificate: NodeCertificate): number {
  return Date.parse(certificate.validTo) - Date.now();
}
