import { open, readFile } from 'node:fs/promises';

const pointerStart = Buffer.from('version https://git-lfs.github.com/spec/v1\n');
const maxAttributesBytes = 1024 * 1024;
const shown = 5;

/**
 * Names the files that are Git LFS pointers, not the contents they stand for: the platform has no LFS, as on Heroku.
 * Files are opened only where some .gitattributes says `filter=lfs`.
 */
export async function findLfsPointers(
  dir: string,
  tree: { attributes: readonly Buffer[]; small: readonly Buffer[] },
): Promise<readonly string[]> {
  const usesLfs = await anyOf(tree.attributes, async (path) => {
    const content = await readFile(inside(dir, path)).catch(() => Buffer.alloc(0));
    return content.length <= maxAttributesBytes && content.includes('filter=lfs');
  });
  if (!usesLfs) return [];
  const found: string[] = [];
  for (const path of tree.small) {
    if (await startsWith(inside(dir, path), pointerStart)) found.push(path.toString('utf8'));
  }
  return found;
}

/** A warning for the pusher, empty without pointers. Source for the form: git-push.md section 2. */
export function lfsWarning(paths: readonly string[]): string {
  if (paths.length === 0) return '';
  // eslint-disable-next-line no-control-regex
  const names = paths.slice(0, shown).map((path) => path.replace(/[\u0000-\u001f\u007f]/g, '?').slice(0, 200));
  const more = paths.length > shown ? [`and ${paths.length - shown} more`] : [];
  const files = paths.length === 1 ? '1 file is a Git LFS pointer' : `${paths.length} files are Git LFS pointers`;
  const lines = [
    `Warning: ${files}, not the content:`,
    ...[...names, ...more].map((name) => `  ${name}`),
    'Git LFS is not supported; commit these files to git itself or fetch them in the build.',
  ];
  return lines.map((line) => ` !     ${line}\n`).join('');
}

async function startsWith(path: Buffer, start: Buffer): Promise<boolean> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return false;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(start.length), 0, start.length, 0);
    return bytesRead === start.length && buffer.equals(start);
  } finally {
    await file.close();
  }
}

async function anyOf<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (await test(item)) return true;
  return false;
}

function inside(dir: string, path: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${dir}/`), path]);
}
