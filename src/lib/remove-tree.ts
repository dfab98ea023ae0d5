import { constants } from 'node:fs';
import { chmod, lstat, readdir, rm } from 'node:fs/promises';

/**
 * Removes a folder and all in it, whatever modes its folders have (a build may leave some that their owner can't enter).
 * Never follows a symbolic link. A path that does not exist is not an error.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2, retryDelay: 20 });
  } catch (error) {
    if (!isPermission(error)) throw error;
    await openFolders(Buffer.from(path));
    await rm(path, { recursive: true, force: true });
  }
}

async function openFolders(folder: Buffer): Promise<void> {
  const stats = await lstat(folder).catch(() => null);
  if (stats?.isDirectory() !== true) return;
  await chmod(folder, constants.S_IRWXU);
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) await openFolders(Buffer.concat([folder, Buffer.from('/'), entry.name]));
  }
}

function isPermission(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EACCES' || code === 'EPERM';
}
