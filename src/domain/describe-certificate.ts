import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { isIssuedBy } from './read-certificate.ts';

/** What a certificate says about itself. */
export interface CertificateFacts {
  /** The DNS names it is for, wildcards as they are; at most 100. */
  readonly domains: readonly string[];
  /** `/C=US/O=Example/CN=www.example.com` */
  readonly subject: string;
  readonly issuer: string;
  readonly startsAt: Date;
  readonly expiresAt: Date;
  readonly isSelfSigned: boolean;
  /** The chain ends below an authority that browsers trust (of Node's list). */
  readonly isCaSigned: boolean;
}

/** `chain`: PEM as `readCertificate` gives it. */
export function describeCertificate(chain: string): CertificateFacts {
  const blocks = chain.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const [own, last] = [blocks[0], blocks.at(-1)].map((block) => new X509Certificate(block ?? ''));
  if (own === undefined || last === undefined) throw new Error('Internal: a stored certificate chain is empty');
  return {
    domains: domainsOf(own),
    subject: distinguishedName(own.subject),
    issuer: distinguishedName(own.issuer),
    startsAt: new Date(own.validFrom),
    expiresAt: new Date(own.validTo),
    isSelfSigned: isIssuedBy(own, own),
    isCaSigned: isBelowKnownRoot(last),
  };
}

function domainsOf(certificate: X509Certificate): readonly string[] {
  const alternatives = (certificate.subjectAltName ?? '').split(', ').filter((entry) => entry.startsWith('DNS:'));
  const names = alternatives.map((entry) => entry.slice('DNS:'.length));
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  const all = names.length === 0 && common !== undefined ? [common] : names;
  return all.map((name) => name.toLowerCase()).slice(0, 100);
}

/** Node writes one part per line. */
function distinguishedName(name: string | undefined): string {
  return (name ?? '')
    .split('\n')
    .filter((part) => part !== '')
    .map((part) => `/${part}`)
    .join('');
}

let roots: ReadonlyMap<string, readonly X509Certificate[]> | null = null;

function isBelowKnownRoot(certificate: X509Certificate): boolean {
  roots ??= rootsBySubject();
  const candidates = roots.get(certificate.issuer) ?? [];
  return candidates.some((root) => isIssuedBy(certificate, root));
}

/** Some 150; parsed once, when the first certificate is looked at. */
function rootsBySubject(): ReadonlyMap<string, readonly X509Certificate[]> {
  const bySubject = new Map<string, X509Certificate[]>();
  for (const pem of rootCertificates) {
    const root = new X509Certificate(pem);
    bySubject.set(root.subject, [...(bySubject.get(root.subject) ?? []), root]);
  }
  return bySubject;
}
