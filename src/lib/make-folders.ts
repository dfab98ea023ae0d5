import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it. Unlike `mkdir` with `recursive`, which tries forever, it rejects with ENOENT where
 * the kernel makes no folders, as below /proc.
 */
export async function makeFolders(path: string, mode = 0o777): Promise<void> {
  const absent: string[] = [];
  for (let dir = path; ; dir = dirname(dir)) {
    try {
      await mkdir(dir, { mode });
      break;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (await isFolder(dir)) break;
      if (code !== 'ENOENT' || dir === dirname(dir) || (await isFolder(dirname(dir)))) throw error;
      absent.unshift(dir);
    }
  }
  for (const dir of absent) {
    await mkdir(dir, { mode }).catch(async (error: unknown) => {
      if (!(await isFolder(dir))) throw error; // somebody else has made it meanwhile
    });
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
