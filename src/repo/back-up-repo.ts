import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { linkFile } from '../lib/link-file.ts';
import { exitCodeOf, startProcess } from '../lib/spawn.ts';
import { asArguments } from './git-config.ts';
import { git, gitEnvironment, runGit } from './git.ts';

/** Where a repository's branches and tags stand at one moment. */
export interface RepoRefs {
  /** The branch that a clone checks out: `refs/heads/main`. */
  readonly head: string;
  /** Names with object ids, sorted by name. */
  readonly refs: readonly (readonly [name: string, id: string])[];
}

const timeoutMs = 10 * 60_000;
const headName = /^ref: (refs\/heads\/[^\s]{1,200})\n?$/;

/** Null when there is no such repository (any more), or git can't read it. */
export async function readRefs(gitDir: string): Promise<RepoRefs | null> {
  const text = await readFile(join(gitDir, 'HEAD'), 'utf8').catch(() => null);
  if (text === null) return null;
  const args = ['--git-dir', gitDir, 'for-each-ref', '--format=%(refname) %(objectname)'];
  const result = await git(args, { timeoutMs: 60_000, maxOutputBytes: 256 * 1024 * 1024 });
  if (result.exitCode !== 0) return null;
  const lines = result.stdout.toString('utf8').split('\n').filter(Boolean);
  return {
    head: headName.exec(text)?.[1] ?? 'refs/heads/main',
    refs: lines.map((line) => line.split(' ') as [string, string]),
  };
}

/**
 * Makes a second repository of the same objects, by hard links, so that nothing which happens to the first one later
 * takes them away. It has no refs. False when the repository is gone. `target` must be on the same disk.
 */
export async function linkRepo(gitDir: string, target: string): Promise<boolean> {
  await mkdir(join(target, 'refs'), { recursive: true, mode: 0o700 });
  await writeFile(join(target, 'HEAD'), 'ref: refs/heads/main\n');
  const objects = join(gitDir, 'objects');
  const folders = await readdir(objects).catch(() => null);
  if (folders === null) return false;
  for (const folder of folders.filter((name) => name === 'pack' || /^[0-9a-f]{2}$/.test(name))) {
    await mkdir(join(target, 'objects', folder), { recursive: true, mode: 0o700 });
    for (const name of await readdir(join(objects, folder))) {
      if (folder === 'pack' && !/^pack-[0-9a-f]+\.(pack|idx|rev)$/.test(name)) continue;
      await linkFile(join(objects, folder, name), join(target, 'objects', folder, name));
    }
  }
  await mkdir(join(target, 'objects', 'pack'), { recursive: true, mode: 0o700 });
  return true;
}

/** Writes all that the refs lead to as one pack file. What is packed already is copied as it is. */
export async function packRepo(gitDir: string, { refs }: RepoRefs, file: string, signal: AbortSignal): Promise<void> {
  const tips = refs.map(([, id]) => `${id}\n`).join('');
  const args = [
    ...asArguments([['pack.threads', '1']]),
    ...['--git-dir', gitDir, 'pack-objects', '--quiet', '--revs', '--stdout', '--delta-base-offset', '--window=0'],
  ];
  const target = await open(file, 'wx', 0o600);
  try {
    const child = startProcess('git', args, {
      env: gitEnvironment(),
      stdio: ['pipe', target.fd, 'pipe'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await feed(child, tips, `packing ${gitDir}`);
  } finally {
    await target.close();
  }
}

/**
 * Makes a bare repository in `gitDir`, which must not exist, from a pack file and its refs. Every object is checked against
 * its id, and that the refs lead to whole histories. Throws what git says otherwise. `pack`: null for an empty repository.
 */
export async function restoreRepo(gitDir: string, { head, refs }: RepoRefs, pack: string | null): Promise<void> {
  await mkdir(dirname(gitDir), { recursive: true, mode: 0o700 });
  const args = ['init', '--quiet', '--bare', '--template=', '--object-format=sha1', '--initial-branch=main', gitDir];
  await runGit('init', args, { timeoutMs: 60_000 });
  if (pack !== null) {
    const source = await open(pack, 'r');
    try {
      const child = startProcess('git', ['--git-dir', gitDir, 'index-pack', '--stdin'], {
        env: gitEnvironment(),
        stdio: [source.fd, 'ignore', 'pipe'],
        signal: AbortSignal.timeout(timeoutMs),
      });
      await feed(child, null, 'reading the pack');
    } finally {
      await source.close();
    }
    await rm(pack);
    const child = startProcess('git', ['--git-dir', gitDir, 'update-ref', '--stdin', '-z'], {
      env: gitEnvironment(),
      stdio: ['pipe', 'ignore', 'pipe'],
      signal: AbortSignal.timeout(timeoutMs),
    });
    await feed(child, refs.map(([name, id]) => `create ${name}\0${id}\0`).join(''), 'setting the refs');
    await runGit('fsck', ['--git-dir', gitDir, 'fsck', '--connectivity-only', '--no-dangling'], { timeoutMs });
  }
  await runGit('symbolic-ref', ['--git-dir', gitDir, 'symbolic-ref', 'HEAD', head], { timeoutMs: 60_000 });
}

/** For comparing: two repositories with equal refs have equal digests. */
export function digestOf({ head, refs }: RepoRefs): string {
  return createHash('sha256')
    .update(JSON.stringify([head, refs]))
    .digest('hex');
}

async function feed(child: ReturnType<typeof startProcess>, input: string | null, what: string): Promise<void> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-2000);
  });
  // One that ends without reading is judged by its exit code.
  child.stdin?.on('error', () => undefined);
  if (input !== null) child.stdin?.end(input);
  const exitCode = await exitCodeOf(child);
  if (exitCode !== 0) throw new Error(`git failed while ${what} (${exitCode}): ${complaint.trim()}`);
}
