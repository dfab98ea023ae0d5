import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { deferred } from '../../../src/lib/deferred.ts';
import { PathSigner } from '../../../src/lib/signed-path.ts';
import type { AccountId } from '../../../src/model/ids.ts';
import { openSource, SourceStore } from '../../../src/source/index.ts';

const ada = 'ada' as AccountId;
const bob = 'bob' as AccountId;
const maxBytes = 64;

class Rig implements AsyncDisposable {
  readonly dir: string;
  readonly sources: SourceStore;
  #age = 0;

  constructor(dir: string) {
    this.dir = dir;
    this.sources = new SourceStore(dir, maxBytes);
  }

  static async open(): Promise<Rig> {
    return new Rig(await mkdtemp(join(tmpdir(), 'hokku-sources-')));
  }

  /** Each one a second younger than the one before. */
  async upload(account: AccountId, text: string): Promise<string> {
    const id = this.sources.newId(account);
    await this.sources.receive(id, bodyOf(text));
    const at = Date.now() / 1000 - 1000 + (this.#age += 1);
    await utimes(this.sources.path(id), at, at).catch(() => undefined);
    return id;
  }

  async isHeld(id: string): Promise<boolean> {
    return (await this.sources.sizeOf(id)) !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

async function* bodyOf(text: string, until: Promise<unknown> = Promise.resolve()): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
  await until;
}

it("makes room with an account's own oldest sources, never with those of who holds less", async () => {
  await using rig = await Rig.open();
  const full = 'x'.repeat(maxBytes);
  const theirs = await rig.upload(bob, full);
  const mine: string[] = [];
  for (let n = 0; n < 12; n += 1) mine.push(await rig.upload(ada, full));

  expect(await rig.isHeld(theirs)).toBe(true);
  const held = await Promise.all(mine.map((id) => rig.isHeld(id)));
  expect(held).toEqual(mine.map((_, index) => index >= 8));

  // However small they are, their number is bounded.
  for (let n = 0; n < 300; n += 1) await writeFile(rig.sources.path(rig.sources.newId(ada)), '');
  await rig.sources.sweep();
  expect((await readdir(rig.dir)).length).toBeLessThanOrEqual(257);
  expect(await rig.isHeld(theirs)).toBe(true);
});

it('takes so many uploads at once of an account, and of everybody', async () => {
  await using rig = await Rig.open();
  const end = deferred();
  const begin = (account: string): Promise<void> =>
    rig.sources.receive(rig.sources.newId(account as AccountId), bodyOf('x', end.promise));
  const first = [begin('ada'), begin('ada')];
  await expect(begin('ada')).rejects.toMatchObject({ id: 'rate_limit' });
  const others = ['b', 'b', 'c', 'c', 'd', 'd'].map(begin);
  await expect(begin('e')).rejects.toMatchObject({ id: 'unavailable' });
  end.resolve();
  await Promise.all([...first, ...others]);
  await begin('ada');
  expect(await readdir(rig.dir)).toHaveLength(9);
});

it('reads one copy of a source, whatever is uploaded in the meantime', async () => {
  await using rig = await Rig.open();
  const id = await rig.upload(ada, 'first');
  const work = await mkdtemp(join(tmpdir(), 'hokku-work-'));
  try {
    await rig.sources.copy(id, join(work, 'copy'));
    await rig.sources.receive(id, bodyOf('second'));
    expect(await readFile(join(work, 'copy'), 'utf8')).toBe('first');
    expect(await readFile(rig.sources.path(id), 'utf8')).toBe('second');

    // One that goes between two steps is no failure of the platform.
    const signer = new PathSigner(Buffer.alloc(32));
    const path = signer.sign('GET', `/sources/${id}.tgz`, new Date(Date.now() + 60_000));
    await rm(rig.sources.path(id));
    const outcome = await openSource({
      blob: { url: `http://here${path}`, checksum: null, version: null, versionDescription: null },
      dir: join(work, 'tree'),
      maxBytes,
      uid: process.getuid?.() ?? 0,
      sources: rig.sources,
      signer,
      privateOrigins: [],
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    });
    expect(outcome).toMatchObject({ status: 'failed', failure: { reason: 'source-unavailable' } });
    expect(await readdir(work)).toEqual(['copy']);
  } finally {
    await rm(work, { recursive: true });
  }
});
