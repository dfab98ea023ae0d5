import { deflateSync } from 'node:zlib';
import type { CommitId } from '../model/ids.ts';
import type { QuarantinedObjects } from '../model/push.ts';
import { gitEnvironment, runGit } from './git.ts';

export interface CommitInfo {
  readonly commit: CommitId;
  /** `Name <email>`, at most 200 characters. */
  readonly author: string;
  /** First line, at most 200 characters. */
  readonly message: string;
}

const maxCommitBytes = 4 * 1024 * 1024;

/**
 * Reads a commit that may still be in quarantine. Git finds the object and isomorphic-git reads it: alone, it would
 * load whole packs into memory (a push of 300 MB for one commit) and knows nothing of quarantines.
 */
export async function readCommit(objects: QuarantinedObjects, commit: CommitId): Promise<CommitInfo> {
  const content = await runGit('cat-file', ['--git-dir', objects.gitDir, 'cat-file', 'commit', commit], {
    env: gitEnvironment(objects.env),
    maxOutputBytes: maxCommitBytes,
    timeoutMs: 60_000,
  });
  const fs = oneLooseObject('commit', commit, content);
  // Not at the start of the platform, which would take a tenth longer.
  const { readCommit: parseCommit } = await import('isomorphic-git');
  const { commit: parsed } = await parseCommit({ fs, gitdir: '/', oid: commit });
  const [firstLine = ''] = parsed.message.split('\n', 1);
  return {
    commit,
    author: `${parsed.author.name} <${parsed.author.email}>`.slice(0, 200),
    message: firstLine.trim().slice(0, 200),
  };
}

/** True for a commit, false for a tag, a tree or a blob: a branch can hold nothing but a commit. */
export async function isCommit(objects: QuarantinedObjects, id: CommitId): Promise<boolean> {
  const args = ['--git-dir', objects.gitDir, 'cat-file', '-t', id];
  const type = await runGit('cat-file', args, { env: gitEnvironment(objects.env), timeoutMs: 60_000 });
  return type.toString('latin1').trim() === 'commit';
}

/** A repository as isomorphic-git sees it, with nothing in it but one loose object. */
function oneLooseObject(type: string, id: string, content: Buffer) {
  const path = `/objects/${id.slice(0, 2)}/${id.slice(2)}`;
  const file = deflateSync(Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]));
  const missing = (name: unknown): Promise<never> =>
    Promise.reject(Object.assign(new Error(`ENOENT: ${String(name)}`), { code: 'ENOENT' }));
  const readFile = (name: unknown): Promise<Buffer> =>
    typeof name === 'string' && name.replace(/^\/+/, '/') === path ? Promise.resolve(file) : missing(name);
  const stat = (name: unknown) =>
    name === '/' ? Promise.resolve({ isFile: () => false, isDirectory: () => true }) : missing(name);
  const promises = {
    readFile,
    writeFile: missing,
    unlink: missing,
    readdir: missing,
    mkdir: missing,
    rmdir: missing,
    stat,
    lstat: stat,
    readlink: missing,
    symlink: missing,
  };
  return { promises };
}
