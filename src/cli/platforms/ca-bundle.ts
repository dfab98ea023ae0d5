import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Environment } from '../../config/index.ts';
import { writeFileAtomic } from '../../lib/atomic-file.ts';

const mark = '# The private CA of the platform:\n';

/**
 * Writes the CAs that a shell trusts for the platform: its own (NODE_EXTRA_CA_CERTS or GIT_SSL_CAINFO: without them the
 * user would be cut off from a company network), then the platform's. An earlier platform's is left out, lest it could
 * vouch for this one. Resolves with the path; null when there is nothing to add to what the shell trusts.
 */
export async function writeCaBundle(path: string, ca: string | null, env: Environment): Promise<string | null> {
  const trusted = env['NODE_EXTRA_CA_CERTS'] ?? env['GIT_SSL_CAINFO'];
  const present = trusted === undefined ? '' : await readFile(trusted, 'utf8').catch(() => '');
  const isOurs = present.includes(mark);
  if (ca === null && !isOurs) return null;
  const own = (isOurs ? present.slice(0, present.indexOf(mark)) : present).trimEnd();
  const wanted = `${own === '' ? '' : `${own}\n`}${mark}${ca ?? ''}`;
  if ((await readFile(path, 'utf8').catch(() => null)) !== wanted) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(path, wanted);
  }
  return path;
}
