import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';

interface RestoreFile {
  readonly id: string;
  /** Of attempts before it that did not come to their end. */
  readonly unfinished: readonly string[];
}

const fileName = 'restored.json';

/** Which restore made this data folder; null: none did. */
export async function readRestoreId(root: string): Promise<string | null> {
  return (await readRestoreFile(root))?.id ?? null;
}

/** Its own id and those before it. */
export async function readUnfinished(root: string): Promise<readonly string[]> {
  const file = await readRestoreFile(root);
  return file === null ? [] : [file.id, ...file.unfinished];
}

export async function writeRestoreFile(root: string, file: RestoreFile): Promise<void> {
  await writeFileAtomic(join(root, fileName), `${JSON.stringify(file)}\n`, 0o600);
}

async function readRestoreFile(root: string): Promise<RestoreFile | null> {
  try {
    return JSON.parse(await readFile(join(root, fileName), 'utf8')) as RestoreFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
