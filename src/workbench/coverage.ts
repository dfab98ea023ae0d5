import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { bashCommands } from './bash-commands.ts';
import type { LineUse } from './trace-folder.ts';

export interface FileCoverage {
  /** From the buildpack's folder. */
  readonly path: string;
  readonly file: string;
  /** By the first line of each command, in order. */
  readonly commands: readonly { readonly line: number; readonly hits: number }[];
}

export interface SlowLine {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly hits: number;
  readonly ms: number;
}

export interface Coverage {
  readonly files: readonly FileCoverage[];
  readonly slowest: readonly SlowLine[];
}

/** Of all bash scripts in the buildpack's folder, run or not, and of others that ran. Its tests and examples do not count. */
export async function measureCoverage(
  buildpackDir: string,
  uses: ReadonlyMap<string, ReadonlyMap<number, LineUse>>,
): Promise<Coverage> {
  // Scripts of profile.d run in dynos only, which are not traced.
  const own = (await bashScripts(buildpackDir)).filter(
    (file) => !relative(buildpackDir, file).startsWith('profile.d/'),
  );
  const files = new Set([...own, ...uses.keys()]);
  const covered: FileCoverage[] = [];
  const lines: SlowLine[] = [];
  for (const file of [...files].toSorted()) {
    const script = await readFile(file, 'utf8').catch(() => null);
    if (script === null) continue;
    const path = relative(buildpackDir, file);
    const used = uses.get(file) ?? new Map<number, LineUse>();
    const commands = bashCommands(script).filter(({ isCommand }) => isCommand);
    const counted = commands.map(({ first, last }) => {
      const counts = [...used].filter(([line]) => line >= first && line <= last).map(([, { hits }]) => hits);
      return { line: first, hits: Math.max(0, ...counts) };
    });
    covered.push({ path, file, commands: counted });
    const text = script.split('\n');
    for (const [line, { hits, micros }] of used) {
      lines.push({ path, line, text: text[line - 1]?.trim() ?? '', hits, ms: micros / 1000 });
    }
  }
  return { files: covered, slowest: lines.toSorted((a, b) => b.ms - a.ms).slice(0, 10) };
}

const skipped: ReadonlySet<string> = new Set([
  '.git',
  'node_modules',
  'test',
  'tests',
  'spec',
  'fixtures',
  'vendor',
  'coverage',
]);

/** Files below a buildpack's folder that bash reads: by their first line, or by their name. */
export async function bashScripts(dir: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name)) found.push(...(await bashScripts(path)));
    else if (entry.isFile() && (await isBash(path))) found.push(path);
  }
  return found;
}

async function isBash(path: string): Promise<boolean> {
  if (/\.(?:sh|bash)$/.test(path)) return true;
  if (/\.\w+$/.test(path)) return false;
  const text = await readFile(path, 'utf8');
  return /^#!.*\bbash\b/.test(text.slice(0, 100));
}

/** The format that most viewers of coverage read. */
export function lcov({ files }: Coverage): string {
  const records = files.map(({ file, commands }) =>
    [
      'TN:',
      `SF:${file}`,
      ...commands.map(({ line, hits }) => `DA:${line},${hits}`),
      `LF:${commands.length}`,
      `LH:${commands.filter(({ hits }) => hits > 0).length}`,
      'end_of_record',
      '',
    ].join('\n'),
  );
  return records.join('');
}

/** A table for people. */
export function coverageLines({ files, slowest }: Coverage): readonly string[] {
  const rows = files.map(({ path, commands }) => {
    const missed = commands.filter(({ hits }) => hits === 0).map(({ line }) => line);
    const share = commands.length === 0 ? 100 : (100 * (commands.length - missed.length)) / commands.length;
    return `${share.toFixed(0).padStart(4)} %  ${path}${missed.length === 0 ? '' : `  not run: ${ranges(missed)}`}`;
  });
  const slow = slowest.map(
    ({ path, line, text, hits, ms }) =>
      `${(ms / 1000).toFixed(2).padStart(7)} s  ${hits} x  ${path}:${line}  ${text.slice(0, 80)}`,
  );
  return ['Commands that ran:', ...rows, 'Slowest lines:', ...slow];
}

function ranges(lines: readonly number[]): string {
  const shown = lines.slice(0, 15).join(', ');
  return lines.length > 15 ? `${shown} and ${lines.length - 15} more` : shown;
}
