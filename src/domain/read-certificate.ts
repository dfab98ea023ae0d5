import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { PlatformError } from '../errors/platform-error.ts';

/** PEM, in bytes: a chain of ten with large keys. */
const maxChainBytes = 32 * 1024;
const maxKeyBytes = 16 * 1024;
const maxCertificates = 10;

export interface CertificatePair {
  /** PEM: the server's certificate, then each one's issuer. */
  readonly chain: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/**
 * Checks that TLS clients can be shown this: a chain that hangs together, valid now, and the key of its first certificate.
 * They may come in any order. Throws `invalid_params` with what to do; the key is never part of a message.
 */
export function readCertificate(chainText: string, keyText: string): CertificatePair {
  const key = readKey(keyText);
  const certificates = readCertificates(chainText);
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) {
    throw refused(
      `the private key does not belong to the certificate (${nameOf(certificates[0])}). Give the key that the certificate was requested with.`,
    );
  }
  const chain = inOrder(own, certificates);
  // Of a root, clients have their own copy: that one counts.
  for (const certificate of chain)
    if (certificate === own || !isIssuedBy(certificate, certificate)) requireValid(certificate);
  const pair = {
    chain: chain.map((certificate) => certificate.toString()).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  try {
    createSecureContext({ cert: pair.chain, key: pair.key });
  } catch (error) {
    const { code = 'ERR_UNKNOWN' } = error as NodeJS.ErrnoException;
    throw refused(
      `TLS can't use it (${code}). Make one with an RSA key of 2048 bits or more, or an ECDSA key of P-256.`,
    );
  }
  return pair;
}

function readKey(text: string): KeyObject {
  requireSize('private key', text, maxKeyBytes);
  const form = 'It must begin with -----BEGIN PRIVATE KEY-----, or the same of an RSA or EC key.';
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: *4,ENCRYPTED/.test(text)) {
    throw refused('the private key has a passphrase. Remove it with openssl pkey -in server.key -out plain.key.');
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw refused(`the private key is not a PEM file. ${form}`);
  try {
    return createPrivateKey(text);
  } catch {
    // The cause is left out: it may quote the key.
    throw refused(`the private key can't be read: it is damaged or incomplete. ${form}`);
  }
}

function readCertificates(text: string): readonly X509Certificate[] {
  requireSize('certificate chain', text, maxChainBytes);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw refused('the certificate is not a PEM file. It must begin with -----BEGIN CERTIFICATE-----.');
  }
  if (blocks.length > maxCertificates) {
    throw refused(`the chain has ${blocks.length} certificates, and at most ${maxCertificates} are allowed.`);
  }
  return blocks.map((block, n) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw refused(`certificate ${n + 1} of the chain can't be read: it is damaged or incomplete. Export it again.`);
    }
  });
}

/** From the server's own to the last known issuer. A certificate that has no place there is a mistake of its owner's. */
function inOrder(own: X509Certificate, all: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain = [own];
  const rest = new Map(all.map((certificate) => [certificate.fingerprint256, certificate]));
  rest.delete(own.fingerprint256);
  for (let last = own; rest.size > 0;) {
    const issuer = [...rest.values()].find((other) => isIssuedBy(last, other));
    if (issuer === undefined) {
      const stranger = nameOf(rest.values().next().value);
      throw refused(
        `the chain has a certificate that did not issue any of the others (${stranger}). Leave it out, or add what links it.`,
      );
    }
    chain.push(issuer);
    rest.delete(issuer.fingerprint256);
    last = issuer;
  }
  return chain;
}

export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function requireValid(certificate: X509Certificate): void {
  const now = Date.now();
  if (Date.parse(certificate.validTo) <= now) {
    throw refused(`${nameOf(certificate)} expired on ${certificate.validTo}. Renew it.`);
  }
  if (Date.parse(certificate.validFrom) > now) {
    throw refused(
      `${nameOf(certificate)} is not valid before ${certificate.validFrom}. Wait until then, or check the clock.`,
    );
  }
}

function requireSize(what: string, text: string, maxBytes: number): void {
  if (Buffer.byteLength(text) <= maxBytes) return;
  throw refused(`the ${what} is larger than ${maxBytes / 1024} KiB. Give only the PEM of this one.`);
}

function nameOf(certificate: X509Certificate | undefined): string {
  return (certificate?.subject ?? 'no subject').replaceAll('\n', ', ').slice(0, 200);
}

function refused(why: string): PlatformError {
  return new PlatformError('invalid_params', `The SSL certificate can't be used: ${why}`);
}
