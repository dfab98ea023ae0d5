import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeTree } from '../lib/remove-tree.ts';
import { run } from '../lib/spawn.ts';
import type { Change } from './case-schema.ts';
import type { Case } from './load-case.ts';

export interface LaidOutApp extends AsyncDisposable {
  readonly dir: string;
}

/** The app of a case in a new folder in `parent`: the case's folder, its inline files over it, and the change over both. */
export async function layOutApp(
  parent: string,
  { content, appDir, overlayDir }: Case,
  change: Change | null,
): Promise<LaidOutApp> {
  const dir = join(parent, `app-${randomUUID()}`);
  await mkdir(dir);
  if (appDir !== null) await copyInto(appDir, dir);
  await writeFiles(dir, content.files ?? {});
  if (change !== null && overlayDir !== null) await copyInto(overlayDir, dir);
  await writeFiles(dir, change?.files ?? {});
  return { dir, [Symbol.asyncDispose]: () => removeTree(dir) };
}

async function copyInto(from: string, to: string): Promise<void> {
  await run('cp', ['-a', '-T', '--', from, to], { env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' } });
}

/** Null removes. What begins with `#!` can be executed. */
async function writeFiles(dir: string, files: Readonly<Record<string, string | null>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await rm(join(dir, path), { force: true, recursive: true });
    if (text === null) continue;
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
}
