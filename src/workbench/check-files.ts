import { lstat, readFile, readlink } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { spawn } from '../lib/spawn.ts';
import type { ExpectedFile, Expectations } from './case-schema.ts';
import { check, quoted, type Check } from './check.ts';
import { parsePattern } from './pattern.ts';

const maxBytes = 8 * 1024 * 1024;

/** Of the folder that a slug unpacks to. Links are not followed. */
export async function checkFiles(dir: string, expected: Expectations['files']): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const [path, wanted] of Object.entries(expected ?? {})) {
    const found = await lstat(join(dir, path)).catch(() => null);
    if (typeof wanted === 'boolean') {
      const fault = wanted ? 'there is no such file' : 'there is one';
      checks.push(check(`${wanted ? '' : 'no '}file ${path}`, (found !== null) === wanted, () => fault));
      continue;
    }
    const faults = found === null ? ['there is no such file'] : await faultsOf(join(dir, path), found, wanted);
    checks.push({ name: `file ${path}`, fault: faults.length === 0 ? null : faults.join('\n') });
  }
  return checks;
}

async function faultsOf(path: string, found: Stats, wanted: ExpectedFile): Promise<readonly string[]> {
  const faults: string[] = [];
  const type = found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'file';
  if (wanted.type !== undefined && wanted.type !== type) faults.push(`it is a ${type}, expected a ${wanted.type}`);
  const mode = (found.mode & 0o7777).toString(8);
  if (wanted.mode !== undefined && wanted.mode.replace(/^0/, '') !== mode) {
    faults.push(`its mode is ${mode}, expected ${wanted.mode}`);
  }
  if (wanted.link !== undefined) {
    const target = type === 'link' ? await readlink(path) : null;
    if (target === null) faults.push('it is no link');
    else if (!parsePattern(wanted.link).is(target)) faults.push(`it leads to ${target}, expected ${wanted.link}`);
  }
  if (wanted.text === undefined && wanted.contains === undefined) return faults;
  if (type !== 'file' || found.size > maxBytes)
    return [...faults, 'it is no file of at most 8 MB, so its text can not be read'];
  const text = await readFile(path, 'utf8');
  if (wanted.text !== undefined && wanted.text !== text) {
    faults.push(`its text is ${quoted(text)}, expected ${quoted(wanted.text)}`);
  }
  const missing = (wanted.contains ?? []).filter((pattern) => !parsePattern(pattern).isIn(text));
  return [...faults, ...missing.map((pattern) => `it has no ${pattern}; it begins with ${quoted(text.slice(0, 200))}`)];
}

/** A slug runs in `/app`; a path of the build folder in it works on no dyno. */
export async function checkRelocatable(dir: string): Promise<Check> {
  const args = [
    '--recursive',
    '--files-with-matches',
    '--fixed-strings',
    '--no-messages',
    '-e',
    '/tmp/build_',
    '--',
    '.',
  ];
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
  const { stdout } = await spawn('grep', args, { cwd: dir, env, timeoutMs: 120_000 });
  const files = stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  const named = files
    .slice(0, 10)
    .map((file) => file.replace(/^\.\//, ''))
    .join(', ');
  const fault = `${files.length} files name the build folder, which is gone when they run: ${named}`;
  return check('relocatable', files.length === 0, () => fault);
}
