import { open } from 'node:fs/promises';

/** Resolves when the names in this folder are on disk: a rename in it is then as durable as what it renamed. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
