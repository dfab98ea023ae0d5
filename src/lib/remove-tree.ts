import { rm } from 'node:fs/promises';
import { run } from './spawn.ts';

const programs = { env: { PATH: '/usr/local/bin:/usr/bin:/bin' }, timeoutMs: 300_000 };

/**
 * Removes a folder and all in it, whatever modes its folders have (a build may leave some that their owner can't enter)
 * and however deep they are nested. Never follows a symbolic link. A path that does not exist is not an error.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!isStubborn(error)) throw error;
    // Node names every file whole, and fails where that is longer than a path can be; these two step into each folder.
    await run('chmod', ['-R', 'u+rwx', '--', path], programs).catch(() => undefined);
    await run('rm', ['-rf', '--', path], programs);
  }
}

/** A folder that can't be listed also makes its parent look as if it could not be emptied. */
function isStubborn(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'ENOTEMPTY', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '');
}
