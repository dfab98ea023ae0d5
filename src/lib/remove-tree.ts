import { constants } from 'node:fs';
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { run } from './spawn.ts';

/**
 * Removes a folder and all in it, whatever modes its folders have (a build may leave some that their owner can't enter).
 * Never follows a symbolic link. A path that does not exist is not an error.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2, retryDelay: 20 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') {
      // Folders nested deeper than a path can be long: rm(1) steps into each, Node names it whole.
      await run('rm', ['-rf', '--', path], { env: { PATH: '/usr/local/bin:/usr/bin:/bin' }, timeoutMs: 300_000 });
      return;
    }
    if (!isClosedFolder(error)) throw error;
    await openFolders(Buffer.from(path));
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }
}

async function openFolders(folder: Buffer): Promise<void> {
  const stats = await lstat(folder).catch(() => null);
  if (stats?.isDirectory() !== true) return;
  // The first attempt may still be removing things side by side.
  await chmod(folder, constants.S_IRWXU).catch(unlessGone);
  const entries = (await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch(unlessGone)) ?? [];
  for (const entry of entries) {
    if (entry.isDirectory()) await openFolders(Buffer.concat([folder, Buffer.from('/'), entry.name]));
  }
}

/** A folder that can't be listed also makes its parent look as if it could not be emptied. */
function isClosedFolder(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function unlessGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
