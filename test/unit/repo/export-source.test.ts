import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { packageRoot } from '../../../src/lib/package-root.ts';
import { spawn } from '../../../src/lib/spawn.ts';
import type { AppId, CommitId } from '../../../src/model/ids.ts';
import { openRepos, type ExportInput, type Repos } from '../../../src/repo/index.ts';
import { openOutbound } from '../../../src/lib/outbound.ts';
import { startGitServer } from '../../rig/git-server.ts';

const outbound = openOutbound({ publicPort: () => 0, allowLoopback: false, allowedNets: [] });

const appId = '01234567-89ab-cdef-0123-456789abcdef' as AppId;
const log = pino({ level: 'silent' });
const env = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada Łovelace',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

class Rig implements AsyncDisposable {
  readonly root: string;
  readonly repos: Repos;
  output = '';

  constructor(root: string, repos: Repos) {
    this.root = root;
    this.repos = repos;
  }

  static async start(): Promise<Rig> {
    const root = await mkdtemp(join(tmpdir(), 'hokku-repo-'));
    await mkdir(join(root, 'builds'));
    const repos = await openRepos({ dir: join(root, 'repos'), hooksDir: join(packageRoot, 'hooks'), log });
    await repos.create(appId);
    return new Rig(root, repos);
  }

  async git(args: readonly string[], stdin: string | Uint8Array = ''): Promise<string> {
    const result = await spawn('git', ['--git-dir', this.repos.path(appId), ...args], { env, stdin });
    if (result.exitCode !== 0) throw new Error(result.stderr);
    return result.stdout.toString().trim();
  }

  /** A commit made of mode, name and content, written straight into the repository. */
  async commit(
    entries: readonly (readonly [mode: string, name: string | Buffer, content: string])[],
  ): Promise<CommitId> {
    const parts: Buffer[] = [];
    for (const [mode, name, content] of entries) {
      const id = mode === '160000' ? content : await this.git(['hash-object', '-w', '--stdin'], content);
      parts.push(Buffer.from(`${mode} ${id} 0\t`), Buffer.from(name), Buffer.from([0]));
    }
    const index = { ...env, GIT_INDEX_FILE: join(this.root, 'index') };
    const at = ['--git-dir', this.repos.path(appId)];
    await spawn('git', [...at, 'update-index', '-z', '--index-info'], { env: index, stdin: Buffer.concat(parts) });
    const tree = (await spawn('git', [...at, 'write-tree'], { env: index })).stdout.toString().trim();
    await rm(index.GIT_INDEX_FILE);
    return (await this.git(['commit-tree', tree, '-m', 'First line\n\nmore'])) as CommitId;
  }

  export(commit: CommitId, options: Partial<ExportInput> = {}) {
    return this.repos.exportSource({
      objects: { gitDir: this.repos.path(appId), env: {} },
      commit,
      dir: join(this.root, 'builds', 'source'),
      maxBytes: 1024 ** 3,
      output: { write: (chunk) => (this.output += chunk.toString()) },
      signal: new AbortController().signal,
      guard: { outbound, mayReachLoopback: true, privateOrigins: [] },
      ...options,
    });
  }

  /** Nothing of an export may be left but the tree itself. */
  builds(): Promise<string[]> {
    return readdir(join(this.root, 'builds'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

it('keeps modes, links and odd names, runs no filter, and leaves nothing of git', async () => {
  await using rig = await Rig.start();
  const invalid = Buffer.from([0x66, 0xff, 0xfe, 0x2e, 0x74]);
  const commit = await rig.commit([
    ['100644', '.gitattributes', '*.txt filter=lfs eol=lf\n'],
    ['100755', 'bin/run', '#!/bin/sh\n'],
    ['120000', 'absolute', '/etc/passwd'],
    ['120000', 'loop', 'loop'],
    ['100644', 'new\nline.txt', 'newline'],
    ['100644', invalid, 'bytes'],
    ['100644', '$(touch x);.txt', 'shell'],
  ]);

  const outcome = await rig.export(commit);

  if (outcome.status !== 'exported') throw new Error(JSON.stringify(outcome));
  const { dir } = outcome.source;
  const names = await readdir(Buffer.from(dir), { encoding: 'buffer' });
  expect(names.some((name) => name.equals(invalid))).toBe(true);
  expect(names).toHaveLength(7);
  expect((await lstat(join(dir, 'bin/run'))).mode & 0o111).toBe(0o111);
  expect(await readlink(join(dir, 'absolute'))).toBe('/etc/passwd');
  expect(await readlink(join(dir, 'loop'))).toBe('loop');
  expect(await readFile(join(dir, 'new\nline.txt'), 'utf8')).toBe('newline');
  expect(await rig.builds()).toEqual(['source']);
  await outcome.source[Symbol.asyncDispose]();
  expect(await rig.builds()).toEqual([]);
});

it('measures before it writes, and leaves nothing after a failure or an abort', async () => {
  await using rig = await Rig.start();
  const commit = await rig.commit([
    ['100644', 'a', 'x'.repeat(3000)],
    ['100644', 'b', 'y'.repeat(3000)],
  ]);

  expect(await rig.export(commit, { maxBytes: 5999 })).toEqual({
    status: 'failed',
    failure: { reason: 'source-too-large', sizeBytes: 6000, maxBytes: 5999 },
  });
  expect((await rig.export(commit, { maxBytes: 6000 })).status).toBe('exported');
  await rm(join(rig.root, 'builds', 'source'), { recursive: true });
  expect(await rig.export(commit, { signal: AbortSignal.abort() })).toMatchObject({ failure: { reason: 'cancelled' } });
  await expect(rig.export('0123456789012345678901234567890123456789' as CommitId)).rejects.toThrow('ls-tree');
  expect(await rig.builds()).toEqual([]);
});

it('ends a tree bomb at the limit of entries', async () => {
  await using rig = await Rig.start();
  const blob = await rig.git(['hash-object', '-w', '--stdin'], 'x');
  let tree = '';
  for (let depth = 0; depth < 8; depth++) {
    const entry = (index: number): string =>
      `${tree === '' ? `100644 blob ${blob}` : `040000 tree ${tree}`}\tf${index}\n`;
    tree = await rig.git(['mktree'], Array.from({ length: 10 }, (_, index) => entry(index)).join(''));
  }
  const commit = (await rig.git(['commit-tree', tree, '-m', 'bomb'])) as CommitId;
  await rig.git(['update-ref', 'refs/heads/main', commit]);
  await rig.git(['repack', '-a', '-d', '-q']);

  expect(await rig.export(commit)).toMatchObject({ failure: { reason: 'source-too-large' } });
  expect(rig.output).toContain('more than 500000 files');
  expect(await rig.builds()).toEqual([]);
});

it('warns of Git LFS pointers, which stay pointers', async () => {
  await using rig = await Rig.start();
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
  const commit = await rig.commit([
    ['100644', '.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n'],
    ['100644', 'model.bin', pointer],
    ['100644', 'data/other.bin', pointer],
  ]);

  const outcome = await rig.export(commit);

  expect(outcome.status).toBe('exported');
  expect(rig.output).toContain(
    ' !     Warning: 2 files are Git LFS pointers, not the content:\n !       data/other.bin\n',
  );
});

it('installs submodules, nested ones and private ones included', async () => {
  await using rig = await Rig.start();
  await using server = await startGitServer(join(rig.root, 'served'));
  const inner = await server.repo('inner', { 'deep.txt': 'deep' });
  const lib = await server.repo(
    'lib',
    {
      'lib.txt': 'lib',
      '.gitmodules': '[submodule "i"]\n path = nested/inner\n url = ../inner\n',
    },
    [['nested/inner', inner]],
  );
  const url = `${server.url.replace('http://', 'http://bob:s3cr3t%40@')}/lib`;
  const commit = await rig.commit([
    ['100644', '.gitmodules', `[submodule "odd name"]\n path = vendor/lib\n url = ${url}\n`],
    ['160000', 'vendor/lib', lib],
  ]);

  const outcome = await rig.export(commit);

  if (outcome.status !== 'exported') throw new Error(JSON.stringify(outcome));
  const { dir } = outcome.source;
  expect(await readFile(join(dir, 'vendor/lib/lib.txt'), 'utf8')).toBe('lib');
  expect(await readFile(join(dir, 'vendor/lib/nested/inner/deep.txt'), 'utf8')).toBe('deep');
  expect((await readdir(dir, { recursive: true })).filter((name) => name.includes('.git'))).toEqual([]);
  expect(rig.output).toContain('-----> Git submodules detected, installing\n');
  expect(rig.output).toContain(`Submodule path 'vendor/lib': checked out '${lib}'`);
  expect(rig.output).not.toContain('s3cr3t');
  expect(server.authorizations).toContain(`Basic ${Buffer.from('bob:s3cr3t@').toString('base64')}`);
  expect(await rig.builds()).toEqual(['source']);
});

it.each([
  ['../lib.git', 'relative'],
  ['git@github.com:a/b.git', 'https://, http:// and git://'],
  ['file:///etc', 'https://, http:// and git://'],
  ['ext::sh -c touch% x', 'spaces'],
  ['-u./payload', 'https://, http:// and git://'],
  ['http://user:hunter2@127.0.0.1:1/x.git', 'Failed to connect|Could not connect|unable to access'],
])('fails on the submodule URL %s without telling secrets', async (url, detail) => {
  await using rig = await Rig.start();
  const commit = await rig.commit([
    ['100644', '.gitmodules', `[submodule "a"]\n path = a\n url = "${url}"\n`],
    ['160000', 'a', '1234567890123456789012345678901234567890'],
  ]);

  const outcome = await rig.export(commit);

  expect(outcome).toMatchObject({
    status: 'failed',
    failure: { reason: 'submodule-failed', path: 'a', detail: expect.stringMatching(detail) },
  });
  expect(JSON.stringify(outcome) + rig.output).not.toContain('hunter2');
  expect(await rig.builds()).toEqual([]);
});

it('reads a commit, also one that lies in a pack', async () => {
  await using rig = await Rig.start();
  const commit = await rig.commit([['100644', 'a', 'x']]);
  await rig.git(['update-ref', 'refs/heads/main', commit]);
  await rig.git(['repack', '-a', '-d', '-q']);
  const objects = { gitDir: rig.repos.path(appId), env: {} };

  expect(await rig.repos.readCommit(objects, commit)).toEqual({
    commit,
    author: 'Ada Łovelace <ada@example.com>',
    message: 'First line',
  });
  expect(await rig.repos.isCommit(objects, commit)).toBe(true);
});

it('sweeps what a crash left and keeps what is whole', async () => {
  await using rig = await Rig.start();
  const repo = rig.repos.path(appId);
  await mkdir(join(rig.root, 'repos', '.new-1234'));
  await mkdir(join(rig.root, 'repos', '.gone-1234'));
  await mkdir(join(repo, 'objects', 'tmp_objdir-incoming-abc', 'pack'), { recursive: true });
  await mkdir(join(repo, 'refs', 'heads', 'deep'), { recursive: true });
  for (const name of ['HEAD.lock', 'refs/heads/main.lock', 'refs/heads/deep/x.lock', 'objects/pack/tmp_pack_1']) {
    await mkdir(join(repo, 'objects', 'pack'), { recursive: true });
    await writeFile(join(repo, name), '');
  }
  const commit = await rig.commit([['100644', 'a', 'x']]);
  await rig.git(['update-ref', 'refs/heads/kept', commit]);

  await rig.repos.sweep(new Set([appId]));

  const left = await readdir(rig.root, { recursive: true });
  expect(left.filter((name) => /\.lock|tmp_|\.new|\.gone/.test(name))).toEqual([]);
  expect(await rig.repos.readRef(appId, 'refs/heads/kept')).toBe(commit);
  await rig.repos.create(appId);
  expect(await rig.repos.readRef(appId, 'refs/heads/kept')).toBe(commit);
  await rig.repos.remove(appId);
  expect(await rig.repos.exists(appId)).toBe(false);
});

it('does not open without an executable hook, which would let every push through', async () => {
  await using rig = await Rig.start();
  await expect(openRepos({ dir: join(rig.root, 'repos'), hooksDir: rig.root, log })).rejects.toThrow('chmod 755');
});

it.each([
  ['http://127.0.0.1:5432/x.git', "the platform's own machine"],
  ['http://[::1]:5432/x.git', "the platform's own machine"],
  ['git://localhost:9418/x.git', "the platform's own machine"],
  ['http://0x7f.1/x.git', "the platform's own machine"],
  ['http://169.254.169.254/latest/meta-data', 'never called'],
  ['https://10.1.2.3/x.git', 'private network'],
  ['https://nowhere.invalid/x.git', 'Could not resolve host'],
])('fetches no submodule from %s for anybody', async (url, detail) => {
  await using rig = await Rig.start();
  const commit = await rig.commit([
    ['100644', '.gitmodules', `[submodule "a"]\n path = a\n url = "${url}"\n`],
    ['160000', 'a', '1234567890123456789012345678901234567890'],
  ]);
  const guard = { outbound, mayReachLoopback: false, privateOrigins: [] };

  const outcome = await rig.export(commit, { guard });

  expect(outcome).toMatchObject({ failure: { reason: 'submodule-failed', detail: expect.stringContaining(detail) } });
  expect(await rig.builds()).toEqual([]);
});

it('holds git to the addresses that were judged, whatever a name becomes afterwards', async () => {
  await using rig = await Rig.start();
  await using server = await startGitServer(join(rig.root, 'served'));
  const lib = await server.repo('lib', { 'lib.txt': 'lib' });
  // A name that no resolver knows is found by git only because it is told where.
  const named = {
    check: () => undefined,
    lookup: () => (_host: string, _options: unknown, answer: (error: null, found: unknown) => void) => {
      answer(null, [{ address: '127.0.0.1', family: 4 }]);
    },
  } as unknown as typeof outbound;
  const url = server.url.replace('http://', 'http://bob:x@').replace('127.0.0.1', 'rebinding.invalid');
  const commit = await rig.commit([
    ['100644', '.gitmodules', `[submodule "a"]\n path = a\n url = "${url}/lib"\n`],
    ['160000', 'a', lib],
  ]);

  const outcome = await rig.export(commit, { guard: { outbound: named, mayReachLoopback: false, privateOrigins: [] } });

  expect(outcome.status).toBe('exported');
});
