import { createHash, randomBytes } from 'node:crypto';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { deferred } from '../../../src/lib/deferred.ts';
import { run } from '../../../src/lib/spawn.ts';
import type { Sha256 } from '../../../src/model/ids.ts';
import { openSlugStore, type PackOutcome, type SlugStore } from '../../../src/slug/index.ts';

const uid = 100_321;
const isRoot = process.getuid?.() === 0;
const limits = { maxBytes: 2 ** 29, softBytes: 2 ** 28 };
const { signal } = new AbortController();
const path = { PATH: '/usr/bin:/bin' };

class Rig implements AsyncDisposable {
  readonly dir: string;
  readonly slugs: SlugStore;

  constructor(dir: string, slugs: SlugStore) {
    this.dir = dir;
    this.slugs = slugs;
  }

  static async open(): Promise<Rig> {
    const dir = await mkdtemp(join(tmpdir(), 'hokku-slug-'));
    return new Rig(dir, await openSlugStore({ dir: join(dir, 'slugs'), log: pino({ enabled: false }) }));
  }

  reopen(): Promise<SlugStore> {
    return openSlugStore({ dir: join(this.dir, 'slugs'), log: pino({ enabled: false }) });
  }

  async tree(name: string, write: (dir: string) => Promise<void>): Promise<string> {
    const dir = join(this.dir, name);
    await mkdir(dir);
    await write(dir);
    return dir;
  }

  async pack(dir: string, like: Sha256 | null = null): Promise<Extract<PackOutcome, { status: 'packed' }>> {
    const packed = await this.slugs.pack({ dir, limits, like, signal });
    if (packed.status !== 'packed') throw new Error('too large');
    return packed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

const longName = 'n'.repeat(120);
const rawName = Buffer.from([0x66, 0xff, 0xfe, 0x0a, 0x20, 0x27]);

async function writeTree(dir: string, order: 1 | -1): Promise<void> {
  const steps = [
    () => mkdir(join(dir, 'deep', longName, longName), { recursive: true }).then(() => undefined),
    () => writeFile(join(dir, 'deep.txt'), 'next to deep/'),
    () => writeFile(join(dir, 'run'), '#!/bin/sh\n', { mode: 0o755 }),
    () => writeFile(join(dir, 'big'), Buffer.alloc(3_000_000, 'abcdefg')),
    () => writeFile(Buffer.concat([Buffer.from(`${dir}/`), rawName]), 'raw'),
    () => writeFile(join(dir, 'Zoë 🚀'), 'utf-8'),
    () => symlink('../..//etc/passwd', join(dir, 'outward')),
    () => symlink(`/${'t'.repeat(150)}`, join(dir, 'long-link')),
    () => mkdir(join(dir, 'empty')).then(() => undefined),
  ];
  for (const step of order === 1 ? steps : steps.toReversed()) await step();
  await writeFile(join(dir, 'deep', longName, longName, 'file'), 'deep');
  await link(join(dir, 'deep.txt'), join(dir, 'hard'));
  await utimes(join(dir, 'run'), order === 1 ? 1 : 2_000_000_000, 5);
}

it('makes the same bytes of the same tree, and unpacks what it packed', async () => {
  await using rig = await Rig.open();
  const one = await rig.tree('one', (dir) => writeTree(dir, 1));
  const two = await rig.tree('two', (dir) => writeTree(dir, -1));

  const first = await rig.pack(one);
  const second = await rig.pack(two);

  expect(second.sha256).toBe(first.sha256);
  const bytes = await readFile(rig.slugs.path(first.sha256));
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(first.sha256);
  expect(bytes.length).toBe(first.sizeBytes);
  expect((await readdir(join(rig.dir, 'slugs'))).toSorted()).toEqual([
    `${first.sha256}.members`,
    `${first.sha256}.tgz`,
    'unpacked',
  ]);
  const listing = (
    await run('tar', ['-tvzf', rig.slugs.path(first.sha256)], { env: { ...path, LC_ALL: 'C', TZ: 'UTC' } })
  ).toString();
  expect(listing.split('\n')[0]).toMatch(/^drwxr-xr-x root\/root +0 1980-01-01 00:00 \.\/app\/$/);
  expect(listing).not.toMatch(/link to/);

  const unpacked = await rig.slugs.unpacked(first.sha256, uid);
  expect(await readFile(Buffer.concat([Buffer.from(`${unpacked}/`), rawName]), 'utf8')).toBe('raw');
  expect(await readFile(join(unpacked, 'deep', longName, longName, 'file'), 'utf8')).toBe('deep');
  expect(await readlink(join(unpacked, 'outward'))).toBe('../..//etc/passwd');
  expect((await stat(join(unpacked, 'run'))).mode & 0o7777).toBe(0o755);
  expect((await stat(join(unpacked, 'hard'))).nlink).toBe(1);
  expect((await stat(join(unpacked, 'run'))).uid).toBe(isRoot ? uid : process.getuid?.());
  await run('diff', ['-r', '--no-dereference', one, unpacked], { env: path });
});

it('leaves out what a slug can not hold, and opens what its owner could not read', async () => {
  await using rig = await Rig.open();
  const dir = await rig.tree('tree', async (root) => {
    await run('mkfifo', [join(root, 'fifo')], { env: path });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'sock'), resolve));
    await run('ln', [join(root, 'sock'), join(root, 'socket')], { env: path });
    server.close();
    await mkdir(join(root, 'closed'));
    await writeFile(join(root, 'closed', 'secret'), 'x', { mode: 0 });
    await chmod(join(root, 'closed'), 0);
    await writeFile(join(root, 'setuid'), 'x');
    await chmod(join(root, 'setuid'), 0o6755);
  });

  const packed = await rig.pack(dir);

  expect(packed.skipped.toSorted()).toEqual(['fifo', 'socket']);
  const unpacked = await rig.slugs.unpacked(packed.sha256, uid);
  expect(await readFile(join(unpacked, 'closed', 'secret'), 'utf8')).toBe('x');
  expect((await stat(join(unpacked, 'setuid'))).mode & 0o7777).toBe(0o755);
  expect((await readdir(unpacked)).toSorted()).toEqual(['closed', 'setuid']);
});

it('unpacks once for all who ask at the same time, and not at all what was kept from the build', async () => {
  await using rig = await Rig.open();
  const { sha256 } = await rig.pack(await rig.tree('one', (dir) => writeFile(join(dir, 'a'), '1')));
  const kept = await rig.tree('two', (dir) => writeFile(join(dir, 'a'), '2'));
  const second = await rig.pack(kept);

  const folders = await Promise.all([1, 2, 3].map(() => rig.slugs.unpacked(sha256, uid)));
  await rig.slugs.keepUnpacked(second.sha256, uid, kept);

  expect(new Set(folders).size).toBe(1);
  expect((await readdir(join(rig.dir, 'slugs', 'unpacked'))).toSorted()).toEqual(
    [`${sha256}-${uid}`, `${second.sha256}-${uid}`].toSorted(),
  );
  await rm(rig.slugs.path(second.sha256));
  expect(await readFile(join(await rig.slugs.unpacked(second.sha256, uid), 'a'), 'utf8')).toBe('2');
});

it('refuses a damaged slug and heals it when it is packed again', async () => {
  await using rig = await Rig.open();
  const dir = await rig.tree('tree', (root) => writeFile(join(root, 'a'), 'x'.repeat(5000)));
  const { sha256 } = await rig.pack(dir);
  const bytes = await readFile(rig.slugs.path(sha256));
  bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
  await writeFile(rig.slugs.path(sha256), bytes);

  await expect(rig.slugs.unpacked(sha256, uid)).rejects.toMatchObject({ name: 'SlugChecksumError', code: 'R17' });
  expect(await readdir(join(rig.dir, 'slugs', 'unpacked'))).toEqual([]);
  await expect(rig.slugs.unpacked('0'.repeat(64) as Sha256, uid)).rejects.toMatchObject({ name: 'SlugMissingError' });

  await rig.pack(dir);
  expect(await readdir(await rig.slugs.unpacked(sha256, uid))).toEqual(['a']);
});

it('stops at the limit and when it is aborted, and leaves no temporary file', async () => {
  await using rig = await Rig.open();
  const noise = await run('head', ['-c', '6000000', '/dev/urandom'], { env: path });
  const dir = await rig.tree('tree', (root) => writeFile(join(root, 'noise'), noise));
  const abort = new AbortController();

  const outcome = await rig.slugs.pack({ dir, limits: { maxBytes: 2_000_000, softBytes: 1 }, like: null, signal });
  const aborted = rig.slugs.pack({ dir, limits, like: null, signal: abort.signal });
  abort.abort(new Error('enough'));

  expect(outcome).toMatchObject({ status: 'too-large' });
  expect(outcome.sizeBytes).toBeLessThan(4_000_000);
  await expect(aborted).rejects.toThrow();
  expect(await readdir(join(rig.dir, 'slugs'))).toEqual(['unpacked']);
});

it('never writes outside of its folder, whatever an archive holds', async () => {
  await using rig = await Rig.open();
  const victim = await rig.tree('victim', (dir) => writeFile(join(dir, 'file'), 'mine'));
  const evil = await rig.tree('evil', async (dir) => {
    await mkdir(join(dir, 'app'));
    await symlink(victim, join(dir, 'app', 'a'));
    await mkdir(join(dir, 'second', 'app', 'a'), { recursive: true });
    await writeFile(join(dir, 'second', 'app', 'a', 'file'), 'evil');
    await writeFile(join(dir, 'second', 'escaped'), 'evil');
  });
  const tar = join(rig.dir, 'evil.tar');
  await run('tar', ['-cf', tar, '-C', evil, './app'], { env: path });
  await run('tar', ['-rf', tar, '-C', join(evil, 'second'), './app/a/file', './escaped'], { env: path });
  await run(
    'tar',
    ['-rPf', tar, '--transform=s,^./escaped,./app/../../../escaped,', '-C', join(evil, 'second'), './escaped'],
    { env: path },
  );
  await run('gzip', [tar], { env: path });
  const bytes = await readFile(`${tar}.gz`);
  const sha = createHash('sha256').update(bytes).digest('hex') as Sha256;
  await writeFile(rig.slugs.path(sha), bytes);

  await rig.slugs.unpacked(sha, isRoot ? 0 : uid).catch(() => undefined);

  expect(await readFile(join(victim, 'file'), 'utf8')).toBe('mine');
  expect((await readdir(rig.dir)).toSorted()).toEqual(['evil', 'evil.tar.gz', 'slugs', 'victim']);
});

it('sweeps slugs that nobody uses, their trees, and what a crash left half done', async () => {
  await using rig = await Rig.open();
  const used = await rig.pack(await rig.tree('one', (dir) => writeFile(join(dir, 'a'), '1')));
  const unused = await rig.pack(await rig.tree('two', (dir) => writeFile(join(dir, 'a'), '2')));
  await rig.slugs.unpacked(used.sha256, uid);
  await rig.slugs.unpacked(unused.sha256, uid);
  await writeFile(join(rig.dir, 'slugs', 'tmp-0123'), 'half');
  await mkdir(join(rig.dir, 'slugs', 'unpacked', 'tmp-4567', 'app'), { recursive: true });

  // Just packed: its release may be about to be stored.
  await rig.slugs.sweep(new Set([used.sha256]));
  expect(await rig.slugs.has(unused.sha256)).toBe(true);

  const restarted = await rig.reopen();
  await restarted.sweep(new Set([used.sha256]));
  expect((await readdir(join(rig.dir, 'slugs'))).toSorted()).toEqual([
    `${used.sha256}.members`,
    `${used.sha256}.tgz`,
    'unpacked',
  ]);
  expect(await readdir(join(rig.dir, 'slugs', 'unpacked'))).toEqual([`${used.sha256}-${uid}`]);

  await restarted.remove(used.sha256);
  expect(await readdir(join(rig.dir, 'slugs', 'unpacked'))).toEqual([]);
});

it('removes a slug and its trees, but never while somebody holds it or the store does not know of it yet', async () => {
  await using rig = await Rig.open();
  const packed = await rig.pack(await rig.tree('tree', (dir) => writeFile(join(dir, 'a'), '1')));
  const { sha256: sha } = packed;
  const trees = (): Promise<string[]> => readdir(join(rig.dir, 'slugs', 'unpacked'));
  await rig.pack(join(rig.dir, 'tree'));

  // Packed twice, for two apps: of use until both have stored their release, or given it up.
  rig.slugs.settle(sha);
  await rig.slugs.remove(sha);
  expect(await rig.slugs.has(sha)).toBe(true);
  rig.slugs.settle(sha);

  const release = rig.slugs.hold(sha, uid);
  const again = rig.slugs.hold(sha, uid);
  const dir = await rig.slugs.unpacked(sha, uid);
  for (const letGo of [release, release, again]) {
    await rig.slugs.remove(sha);
    await rig.slugs.discardUnpacked(uid, new Set());
    await rig.slugs.sweep(new Set());
    expect(await readdir(dir)).toEqual(['a']);
    expect(await rig.slugs.has(sha)).toBe(true);
    letGo();
  }
  await rig.slugs.discardUnpacked(uid + 1, new Set());
  await rig.slugs.discardUnpacked(uid, new Set([sha]));
  expect(await trees()).toHaveLength(1);
  await rig.slugs.discardUnpacked(uid, new Set());
  expect([await trees(), await rig.slugs.has(sha)]).toEqual([[], true]);
  await rig.slugs.unpacked(sha, uid);
  await rig.slugs.remove(sha);
  expect(await readdir(join(rig.dir, 'slugs'))).toEqual(['unpacked']);
  expect(await trees()).toEqual([]);
  await rig.slugs.remove(sha);
});

it.each([true, false])(
  'asks last whether a slug is in use (%s), and lets who holds it wait for the answer',
  async (isInUse) => {
    await using rig = await Rig.open();
    const { sha256: sha } = await rig.pack(await rig.tree('tree', (dir) => writeFile(join(dir, 'a'), '1')));
    rig.slugs.settle(sha);
    const asked = deferred();
    const answer = deferred<boolean>();

    const removed = rig.slugs.remove(sha, () => {
      asked.resolve();
      return answer.promise;
    });
    await asked.promise;
    const letGo = rig.slugs.hold(sha, uid);
    const has = rig.slugs.has(sha);
    answer.resolve(isInUse);

    expect(await has).toBe(isInUse);
    letGo();
    await removed;
    expect(await rig.slugs.has(sha)).toBe(isInUse);
  },
);

it('gives everybody a whole tree while it is discarded again and again', async () => {
  await using rig = await Rig.open();
  const write = async (dir: string): Promise<void> => {
    for (let file = 0; file < 50; file += 1) await writeFile(join(dir, String(file)), 'x');
  };
  const { sha256: sha } = await rig.pack(await rig.tree('tree', write));
  rig.slugs.settle(sha);
  for (let round = 0; round < 20; round += 1) {
    const discarding = rig.slugs.discardUnpacked(uid, new Set());
    const letGo = rig.slugs.hold(sha, uid);
    const dir = await rig.slugs.unpacked(sha, uid);
    await discarding;
    expect(await readdir(dir)).toHaveLength(50);
    letGo();
  }
});

it('is a gzip file that any reader takes, of several members', async () => {
  await using rig = await Rig.open();
  const { sha256 } = await rig.pack(
    await rig.tree('one', (dir) => writeFile(join(dir, 'a'), Buffer.alloc(2_500_000, 7))),
  );
  const bytes = await readFile(rig.slugs.path(sha256));
  const tar = gunzipSync(bytes);
  expect((await run('gzip', ['-dc'], { stdin: bytes, env: path })).equals(tar)).toBe(true);
});

it('gives the same bytes when it may take blocks from an earlier slug, a damaged one included', async () => {
  await using rig = await Rig.open();
  const large = randomBytes(4 * 1024 * 1024);
  const write = (text: string) => async (dir: string) => {
    await writeFile(join(dir, 'a-large'), large);
    await writeFile(join(dir, 'b-small'), text);
  };
  const first = await rig.pack(await rig.tree('one', write('1')));
  const anew = await rig.pack(await rig.tree('two', write('2')));
  const reused = await rig.pack(await rig.tree('two-again', write('2')), first.sha256);

  const slug = await readFile(rig.slugs.path(first.sha256));
  slug.fill(0, 1_000_000, 1_500_000);
  await writeFile(rig.slugs.path(first.sha256), slug);
  const beside = await rig.pack(await rig.tree('two-beside-damage', write('2')), first.sha256);
  await writeFile(rig.slugs.path(first.sha256).replace('.tgz', '.members'), 'nonsense');
  const without = await rig.pack(await rig.tree('two-without', write('2')), first.sha256);

  expect([reused, beside, without].map(({ sha256 }) => sha256)).toEqual(Array(3).fill(anew.sha256));
});
