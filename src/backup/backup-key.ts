import { readKeyFile, secretKeyFile } from '../config/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { keyFingerprint } from '../lib/key-fingerprint.ts';
import { damaged, type BackupHeader } from './manifest.ts';

/** The secret key that whoever restores has at hand. */
export interface GivenKey {
  readonly key: Uint8Array;
  /** It becomes the data folder's; one from the environment stays there. */
  readonly isFromFile: boolean;
}

/** Throws before anything is written when the key that is needed is not there. */
export function requireKey(
  { keyFingerprint: expected, holdsKey, createdAt }: BackupHeader,
  given: GivenKey | null,
): void {
  if (given === null) {
    if (holdsKey || expected === null) return;
    throw new PlatformError(
      'invalid_params',
      `The backup of ${createdAt} does not hold the secret key that its config vars are encrypted with (fingerprint ${expected}). ` +
        'Give it with --key-file FILE (a copy of the file secret-key of that data folder) or with HOKKU_SECRET_KEY.',
    );
  }
  const fingerprint = keyFingerprint(given.key);
  if (expected === null || fingerprint === expected) return;
  const where = given.isFromFile ? '--key-file' : 'HOKKU_SECRET_KEY';
  throw new PlatformError(
    'invalid_params',
    `The backup of ${createdAt} is encrypted with the secret key of fingerprint ${expected}, and ${where} gives another one (${fingerprint}). ` +
      `Nothing was restored. Give the key of that time${holdsKey ? ', or none: the backup holds it' : ''}.`,
  );
}

/** Puts the key into the data folder. True when it is only in the environment. */
export async function requireKeyFile(
  { keyFingerprint: expected, holdsKey }: BackupHeader,
  given: GivenKey | null,
  root: string,
): Promise<boolean> {
  if (holdsKey) {
    const own = await readKeyFile(secretKeyFile(root)).catch(() => null);
    if (own === null || (expected !== null && keyFingerprint(own) !== expected))
      throw damaged('the secret key in it is not the one that it was made with');
    return false;
  }
  if (given === null) return false;
  if (!given.isFromFile) return true;
  await writeFileAtomic(secretKeyFile(root), `${Buffer.from(given.key).toString('hex')}\n`, 0o600);
  return false;
}
