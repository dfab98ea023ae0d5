import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readKeyFile, secretKeyFile } from '../config/index.ts';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { keyFingerprint } from '../lib/key-fingerprint.ts';
import { syncFolder } from '../lib/sync-folder.ts';

/** The key of a rotation lies beside the present one until the store is sealed with it. */
function nextKeyFile(dataDir: string): string {
  return `${secretKeyFile(dataDir)}.next`;
}

export async function writeNextKey(dataDir: string, key: Uint8Array): Promise<void> {
  await writeFileAtomic(nextKeyFile(dataDir), `${Buffer.from(key).toString('hex')}\n`, 0o600);
  await syncFolder(dataDir);
}

/**
 * Ends a rotation, whenever it was interrupted: its key takes the place of the present one if the store is sealed with
 * it (`fingerprint`), and is removed if not. Gives back the key that took its place.
 */
export async function settleNextKey(dataDir: string, fingerprint: string | null): Promise<Uint8Array | null> {
  // A write that was killed before its rename.
  for (const name of await readdir(dataDir)) {
    if (name.startsWith(`${basename(nextKeyFile(dataDir))}.tmp-`)) await rm(join(dataDir, name), { force: true });
  }
  const next = await readKeyFile(nextKeyFile(dataDir));
  if (next === null) return null;
  if (keyFingerprint(next) !== fingerprint) {
    await rm(nextKeyFile(dataDir), { force: true });
    return null;
  }
  await rename(nextKeyFile(dataDir), secretKeyFile(dataDir));
  await syncFolder(dirname(secretKeyFile(dataDir)));
  return next;
}
