import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { PlatformError } from '../../errors/platform-error.ts';
import type { PlatformUrl } from './platform-url.ts';

const timeoutMs = 15_000;
const maxDepth = 8;

export type Trust =
  | { readonly is: 'trusted' }
  /** Signed by a CA that nobody here knows, which came along, and right in all else. */
  | { readonly is: 'unknown-ca'; readonly ca: string; readonly fingerprint: string }
  | { readonly is: 'refused'; readonly reason: string };

/** Looks at the certificate of a platform; nothing is sent to it. `ca`: PEM of what alone is trusted; null: whom the machine trusts. */
export async function examineCertificate(url: PlatformUrl, ca: string | null): Promise<Trust> {
  const socket = await open(url, ca);
  try {
    if (socket.authorized) return { is: 'trusted' };
    const reason = errorCode(socket.authorizationError);
    const root = ca === null && unknownIssuer.has(reason) ? selfSignedRoot(socket.getPeerCertificate(true)) : null;
    if (root === null) return { is: 'refused', reason };
    // The rest must be in order with this CA: the name, the dates, the signatures.
    const again = await open(url, root.toString());
    try {
      if (!again.authorized) return { is: 'refused', reason: errorCode(again.authorizationError) };
    } finally {
      again.destroy();
    }
    return { is: 'unknown-ca', ca: root.toString(), fingerprint: root.fingerprint256 };
  } finally {
    socket.destroy();
  }
}

const unknownIssuer: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function open(url: PlatformUrl, ca: string | null): Promise<TLSSocket> {
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      const { code } = error as NodeJS.ErrnoException;
      reject(
        new PlatformError(
          'unavailable',
          `${url.origin} cannot be reached by TLS (${code ?? error.message}). Check the address, and that the platform runs.`,
        ),
      );
    };
    const socket = connect({
      host,
      port: url.port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca }),
      // Judged by `authorized`: the certificate of an unknown CA has to be looked at.
      rejectUnauthorized: false,
      checkServerIdentity: (name, certificate) => checkServerIdentity(name, certificate),
    });
    socket.setTimeout(timeoutMs, () => {
      fail(new Error('no answer'));
    });
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      resolve(socket);
    });
  });
}

/** The end of the chain that the platform sent, if it is a CA that signed itself. */
function selfSignedRoot(leaf: DetailedPeerCertificate): X509Certificate | null {
  let certificate = leaf;
  for (let depth = 0; depth < maxDepth; depth += 1) {
    const issuer = certificate.issuerCertificate as DetailedPeerCertificate | undefined;
    if (issuer === undefined || issuer.fingerprint256 === certificate.fingerprint256) break;
    certificate = issuer;
  }
  const root = new X509Certificate(certificate.raw);
  return root.checkIssued(root) && root.verify(root.publicKey) ? root : null;
}

function errorCode(error: Error | string | null | undefined): string {
  if (error === null || error === undefined) return 'unknown';
  if (typeof error === 'string') return error;
  return (error as NodeJS.ErrnoException).code ?? error.message;
}

/** Checks what `--ca` names: PEM certificates, and nothing secret. Throws `invalid_params`. */
export function parseCa(text: string, path: string): string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length === 0 || blocks.length > 1000) throw new Error('none');
    return blocks.map((block) => new X509Certificate(block).toString()).join('');
  } catch {
    throw new PlatformError('invalid_params', `${path} holds no PEM certificate. Give the platform's tls/ca.pem.`);
  }
}
