import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { PlatformError } from '../errors/platform-error.ts';
import { checkTarball } from '../lib/check-tarball.ts';
import { TarFault } from '../lib/tar-check.ts';
import type { Sha256 } from '../model/ids.ts';

const maxUnpackedFactor = 10;
const maxEntries = 500_000;
const checkTimeoutMs = 10 * 60_000;

/** Writes an uploaded slug to `file`, synced to disk, and looks at every member of it before anybody unpacks it. */
export async function receiveSlugFile(
  body: AsyncIterable<Buffer>,
  file: string,
  { checksum, maxBytes }: { readonly checksum: string | null; readonly maxBytes: number },
): Promise<{ sha256: Sha256; sizeBytes: number }> {
  const slug = await write(body, file, maxBytes);
  if (checksum !== null && checksum !== slug.sha256) {
    const message = `The uploaded slug has the checksum SHA256:${slug.sha256}, it was announced with SHA256:${checksum}. Upload it again.`;
    throw new PlatformError('invalid_params', message);
  }
  const limits = { maxBytes: maxBytes * maxUnpackedFactor, maxEntries, folder: './app' };
  try {
    for await (const _ of checkTarball(file, limits, AbortSignal.timeout(checkTimeoutMs)));
  } catch (error) {
    if (!(error instanceof TarFault)) throw error;
    const message = `The uploaded slug can't be used: ${error.message}. Pack it with tar czf slug.tgz ./app`;
    throw new PlatformError('invalid_params', message);
  }
  return slug;
}

async function write(
  body: AsyncIterable<Buffer>,
  path: string,
  maxBytes: number,
): Promise<{ sha256: Sha256; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        throw new PlatformError('request_too_large', `The slug is larger than ${maxBytes} bytes, the limit of a slug.`);
      }
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex') as Sha256, sizeBytes };
}
