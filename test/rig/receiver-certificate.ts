import { join } from 'node:path';
import { ensureCertificate } from '../../src/lib/tls-certificate.ts';
import type { Certificate } from './log-receivers.ts';

/** A certificate for `localhost` of a private CA, whose path a platform is given as NODE_EXTRA_CA_CERTS. */
export async function receiverCertificate(
  dir: string,
): Promise<{ readonly ca: string; readonly certificate: Certificate }> {
  const { cert, key } = await ensureCertificate(dir, 'localhost');
  return { ca: join(dir, 'ca.pem'), certificate: { cert, key } };
}
