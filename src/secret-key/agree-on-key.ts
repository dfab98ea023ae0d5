import { rm } from 'node:fs/promises';
import { secretKeyFile, type Secrets } from '../config/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { keyFingerprint } from '../lib/key-fingerprint.ts';
import type { Store } from '../store/index.ts';
import { settleNextKey } from './next-key.ts';

/**
 * The key that the store is sealed with, which is the given one or that of a rotation that was interrupted. The first key
 * is noted. Throws when it is another one: with it, nothing that is encrypted could be read.
 */
export async function agreeOnKey(
  store: Store,
  secrets: Pick<Secrets, 'secretKey' | 'secretKeyFrom'>,
  dataDir: string,
): Promise<Uint8Array> {
  const { secretKey, secretKeyFrom: from } = secrets;
  const noted = await store.secretKeys.find();
  const rotated = await settleNextKey(dataDir, noted?.fingerprint ?? null);
  if (rotated !== null && from !== 'environment') return rotated;
  const fingerprint = keyFingerprint(secretKey);
  const expected = noted ?? (await store.secretKeys.create(fingerprint));
  if (expected.fingerprint === fingerprint) return secretKey;
  if (from === 'new') await rm(secretKeyFile(dataDir), { force: true });
  throw wrongKey(from, expected.fingerprint, fingerprint, dataDir);
}

function wrongKey(from: Secrets['secretKeyFrom'], expected: string, given: string, dataDir: string): PlatformError {
  const wanted = `The data was written with the secret key of fingerprint ${expected}`;
  const path = secretKeyFile(dataDir);
  if (from === 'new') {
    return new PlatformError(
      'unavailable',
      `${wanted}, and there is no key: neither HOKKU_SECRET_KEY is set nor is there ${path}. Set it, or put the copy of that key there.`,
    );
  }
  const [what, remedy] =
    from === 'environment'
      ? [
          'HOKKU_SECRET_KEY',
          `Set it to that key, or unset it if ${path} holds it (after \`hokku key:rotate\` it does).`,
        ]
      : [path, 'Put the copy of that key there, or set HOKKU_SECRET_KEY to it.'];
  return new PlatformError('unavailable', `${wanted}, and ${what} holds another one (${given}). ${remedy}`);
}
