import { constants } from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lib/spawn.ts';

const maxBytes = 64 * 1024;
const timeoutMs = 30_000;

export interface Ignored {
  /** Files and whole folders that were removed. */
  readonly count: number;
  readonly warnings: readonly string[];
}

/**
 * Removes what the root's `.slugignore` matches. git does the matching, in a process with a time limit: its rules are those that
 * Heroku's page refers to, it neither follows links nor leaves the tree, and a pattern that takes for ever can't stop the platform.
 * `!` patterns are not supported, as on Heroku. Source: https://devcenter.heroku.com/articles/slug-compiler#ignoring-files-with-slugignore
 * `workDir` is a folder of the build outside the tree.
 */
export async function applySlugignore(dir: string, workDir: string, signal: AbortSignal): Promise<Ignored> {
  const text = await readSlugignore(join(dir, '.slugignore'));
  if (text === null) return { count: 0, warnings: [] };
  if (text.length > maxBytes) {
    return { count: 0, warnings: [`.slugignore has more than ${maxBytes / 1024} KB; it is ignored.`] };
  }
  const { patterns, negated } = parseSlugignore(text);
  const warnings = negated.map((line) => `.slugignore: '${line}' is ignored, patterns with '!' are not supported.`);
  if (patterns.length === 0) return { count: 0, warnings };

  const matches = await listMatches(dir, workDir, patterns, signal);
  for (const path of matches) await rm(Buffer.concat([Buffer.from(`${dir}/`), path]), { recursive: true, force: true });
  return { count: matches.length, warnings };
}

function parseSlugignore(text: string): { patterns: readonly string[]; negated: readonly string[] } {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    // Heroku's compiler takes comments at the end of a line, too.
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
  const negated = lines.filter((line) => line.startsWith('!')).slice(0, 20);
  const patterns = lines.filter((line) => !line.startsWith('!')).map((line) => line.replace(/^\.\//, '/'));
  return { patterns, negated };
}

async function listMatches(
  dir: string,
  workDir: string,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  // The least that git takes for a repository.
  const gitDir = join(workDir, 'slugignore.git');
  const patternFile = join(workDir, 'slugignore.txt');
  await mkdir(join(gitDir, 'objects'), { recursive: true });
  await mkdir(join(gitDir, 'refs'));
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/main\n');
  await writeFile(patternFile, `${patterns.join('\n')}\n`);
  const listing = await run(
    'git',
    ['ls-files', '-z', '--others', '--ignored', '--directory', `--exclude-from=${patternFile}`],
    {
      cwd: dir,
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        HOME: '/nonexistent',
        GIT_DIR: gitDir,
        GIT_WORK_TREE: dir,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
      },
      signal,
      timeoutMs,
    },
  );
  return withoutEmptied(listing.toString('latin1').split('\0').slice(0, -1));
}

/**
 * git lists a folder in which everything is ignored along with what is in it, and a folder that a pattern matches without.
 * Only the latter goes: `log/*` must not remove `log`. Paths are latin1, so that any bytes of a name stay as they are.
 */
function withoutEmptied(paths: readonly string[]): readonly Buffer[] {
  const parents = new Set<string>();
  for (const path of paths) {
    for (let end = path.lastIndexOf('/', path.length - 2); end > 0; end = path.lastIndexOf('/', end - 1)) {
      parents.add(path.slice(0, end + 1));
    }
  }
  return paths.filter((path) => !parents.has(path)).map((path) => Buffer.from(path.replace(/\/$/, ''), 'latin1'));
}

/** Null if there is none, or if it is no plain file. Reads a little more than is allowed, to notice that it is too long. */
async function readSlugignore(path: string): Promise<string | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return null;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes + 1), 0, maxBytes + 1, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
