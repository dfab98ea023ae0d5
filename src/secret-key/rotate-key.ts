import { randomBytes } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import { keyFingerprint } from '../lib/key-fingerprint.ts';
import { seal, unseal } from '../lib/sealed-box.ts';
import type { Store } from '../store/index.ts';
import { settleNextKey, writeNextKey } from './next-key.ts';

export interface RotatedKey {
  readonly from: string;
  readonly to: string;
  /** 1 was the first key. */
  readonly version: number;
  /** Of values that were sealed anew. */
  readonly count: number;
}

/**
 * Makes a new secret key and seals everything with it that the old one (`secretKey`, see agreeOnKey) opens. Killed at any
 * moment, the next start has the key that fits. No platform may work on the store meanwhile. Throws when a value can't
 * be opened: then nothing has changed.
 */
export async function rotateKey(store: Store, dataDir: string, secretKey: Uint8Array): Promise<RotatedKey> {
  const next = randomBytes(32);
  const [from, to] = [keyFingerprint(secretKey), keyFingerprint(next)];
  await writeNextKey(dataDir, next);
  try {
    const reseal = (context: string, sealed: Uint8Array): Uint8Array => {
      const plain = unseal(sealed, secretKey, context);
      if (plain !== null) return seal(plain, next, context);
      throw new PlatformError(
        'unavailable',
        `What is stored for ${context} can't be opened with the present key, so nothing was changed. Set it anew (or remove it), then rotate again.`,
      );
    };
    const { version, count } = await store.secretKeys.replace(from, to, reseal);
    return { from, to, version, count };
  } finally {
    // After a failed commit as well: only the store knows which key is in force.
    await settleNextKey(dataDir, (await store.secretKeys.find())?.fingerprint ?? null);
  }
}
