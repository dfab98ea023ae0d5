import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface TestCertificate {
  /** PEM, without its issuers. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly subject: string;
}

export interface CertificateOptions {
  /** Default: itself. */
  readonly issuer?: TestCertificate;
  /** Default: ECDSA. */
  readonly algorithm?: 'ecdsa' | 'rsa';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const algorithms = {
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
} as const;
const dayMs = 86_400_000;

/** A certificate for these DNS names; an authority is one that other certificates name as their issuer. */
export async function makeCertificate(
  names: readonly [string, ...string[]],
  options: CertificateOptions = {},
): Promise<TestCertificate> {
  x509.cryptoProvider.set(webcrypto);
  const algorithm = algorithms[options.algorithm ?? 'ecdsa'];
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const subject = `CN=${names[0]}`;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
      .toString('hex')
      .replace(/^./, '1'),
    subject,
    issuer: options.issuer?.subject ?? subject,
    notBefore: options.notBefore ?? new Date(Date.now() - dayMs),
    notAfter: options.notAfter ?? new Date(Date.now() + 30 * dayMs),
    publicKey: keys.publicKey,
    signingKey: options.issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))],
  });
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`,
    keys,
    subject,
  };
}
