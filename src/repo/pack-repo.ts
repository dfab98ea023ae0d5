import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { git, type GitResult } from './git.ts';
import { asArguments } from './git-config.ts';

/** Each push adds a pack; more of them make every git slower. */
const maxPacks = 20;
const wholeEveryMs = 24 * 60 * 60_000;
const timeoutMs = 15 * 60_000;
/** Unreachable objects of this age are dropped. A push that is going on may need younger ones. */
const graceOfUnreachable = '2.days.ago';

const thrifty = asArguments([
  ['pack.threads', '1'],
  ['pack.windowMemory', '128m'],
  ['gc.cruftPacks', 'true'],
  ['gc.auto', '0'],
]);

/**
 * Keeps a repository packed: of many packs it makes few (a geometric repack, which drops nothing), and once a day, if it has
 * much to do, one, without what no branch leads to any more. Pushes and fetches go on meanwhile: git removes an old pack only
 * when the new one is in place. Killed at any moment, it leaves temporary files, which the next start sweeps.
 * Returns whether it has done anything. `isThorough`: not only if there are many packs.
 * Source: git-repack(1), git-gc(1)
 */
export async function packRepo(gitDir: string, signal: AbortSignal, isThorough = false): Promise<boolean> {
  const packs = await countPacks(gitDir);
  if (packs < (isThorough ? 2 : maxPacks)) return false;
  const mark = join(gitDir, 'hokku-packed');
  const lastMs = (await stat(mark).catch(() => null))?.mtimeMs ?? 0;
  const isWhole = isThorough || lastMs < Date.now() - wholeEveryMs;
  const args = isWhole
    ? ['gc', '--quiet', `--prune=${graceOfUnreachable}`]
    : ['repack', '--quiet', '-d', '-l', '--geometric=2'];
  const result = await git([...thrifty, '--git-dir', gitDir, ...args], { signal, timeoutMs, isBehind: true });
  if (result.exitCode !== 0 || result.stopped !== null) throw new Error(`${args[0] ?? ''}: ${explain(result)}`);
  if (isWhole) await writeFileAtomic(mark, '', 0o600);
  return true;
}

export async function countPacks(gitDir: string): Promise<number> {
  const names = await readdir(join(gitDir, 'objects', 'pack')).catch(() => []);
  return names.filter((name) => name.endsWith('.pack')).length;
}

function explain({ exitCode, stderr, stopped }: GitResult): string {
  return stopped === null ? `git exited with ${exitCode}: ${stderr.trim().slice(-500)}` : `it was stopped (${stopped})`;
}
