import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { spawn } from '../lib/spawn.ts';

const maxDiffLines = 60;

/** Null: it is as it was, or has been written down now. Else the difference, in words. `scratchDir` exists. */
export async function compareSnapshot(
  file: string,
  text: string,
  options: { readonly update: boolean; readonly scratchDir: string },
): Promise<string | null> {
  const before = await readFile(file, 'utf8').catch(() => null);
  if (before === text) return null;
  if (options.update) {
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, text);
    return null;
  }
  if (before === null) return `there is no snapshot yet (${file}): --update writes it`;
  return `the output is not that of ${file}; --update writes it down as it is now\n${await difference(before, text, options.scratchDir)}`;
}

/** As git shows it, `-` what was expected and `+` what was found. */
export async function difference(expected: string, found: string, scratchDir: string): Promise<string> {
  const id = randomUUID();
  const [a, b] = [join(scratchDir, `expected-${id}`), join(scratchDir, `found-${id}`)];
  await writeFile(a, expected);
  await writeFile(b, found);
  const args = ['diff', '--no-index', '--no-color', '--no-ext-diff', '--unified=2', '--', a, b];
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    HOME: '/',
  };
  const { stdout } = await spawn('git', args, { env, cwd: scratchDir, timeoutMs: 30_000 });
  const lines = stdout.toString('utf8').trimEnd().split('\n');
  const body = lines.slice(lines.findIndex((line) => line.startsWith('@@')));
  const more = body.length > maxDiffLines ? [`... and ${body.length - maxDiffLines} more lines`] : [];
  return [...body.slice(0, maxDiffLines), ...more].join('\n');
}
