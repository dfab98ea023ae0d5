import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PlatformError } from './errors/platform-error.ts';

/** Linux allows 107 bytes; the longest socket name of ours takes 20. Source: unix(7) */
const maxSocketFolderBytes = 85;

/** The folder for the sockets and pid files of a data folder, the same for every process that asks. */
export function runFolder(root: string): string {
  const inside = join(root, 'run');
  if (Buffer.byteLength(inside) <= maxSocketFolderBytes) return inside;
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return `/tmp/hokku-${process.getuid?.() ?? 0}-${hash}`;
}

/** In /tmp somebody else could have put a folder or a link of that name there first: what is not ours is not used. */
export async function makeRunFolder(run: string): Promise<void> {
  try {
    await mkdir(run, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const folder = await openOwn(run);
  if (folder === null) {
    throw new PlatformError(
      'internal_server_error',
      `${run} belongs to somebody else. Remove it, or set HOKKU_DATA_DIR to a shorter path.`,
    );
  }
  try {
    await folder.chmod(0o700);
  } finally {
    await folder.close();
  }
}

/**
 * Empties a run folder that lies outside of its data folder, where nobody would look for it, but for the lock. To be
 * called when nothing uses it any more. What is not ours is left alone.
 */
export async function emptyRunFolder(root: string, lockName: string): Promise<void> {
  const run = runFolder(root);
  if (dirname(run) === root) return;
  const folder = await openOwn(run);
  if (folder === null) return;
  try {
    // By descriptor: whatever happens to the path meanwhile, these are the files of the folder that was looked at.
    const self = `/proc/self/fd/${folder.fd}`;
    for (const name of await readdir(self)) if (name !== lockName) await unlink(join(self, name));
  } finally {
    await folder.close();
  }
}

/** Removes a run folder outside of its data folder, unless something is in it: a router that goes on, or another start. */
export async function removeEmptyRunFolder(root: string): Promise<void> {
  const run = runFolder(root);
  if (dirname(run) === root) return;
  try {
    await rmdir(run);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM', 'EACCES'].includes(code)) throw error;
  }
}

/** Null for anything but a folder of this user's; a symbolic link is not followed. */
async function openOwn(run: string): Promise<FileHandle | null> {
  let folder: FileHandle;
  try {
    folder = await open(run, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  if ((await folder.stat()).uid === process.getuid?.()) return folder;
  await folder.close();
  return null;
}
