/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithPostgres', 'itWithCli'] }] */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually, PlatformRig, RigApp } from '../rig/platform-rig.ts';
import { missingPostgres, startPostgres } from '../rig/postgres.ts';
import { answerOf, deployVersion } from '../rig/versioned-app.ts';

const itWithPostgres = missingPostgres() === null ? it : it.skip;
const settings = { HOKKU_BOOT_TIMEOUT: '30', HOKKU_STOP_GRACE: '2' };

let rig: PlatformRig;
let shelf: string;
let backup: string;

beforeAll(async () => {
  shelf = await mkdtemp(join(tmpdir(), 'hokku-shelf-'));
  rig = await PlatformRig.start({ settings });
  const app = await rig.createApp('sole');
  // Large enough for a kill in the middle of its slug and of its repository.
  await deployVersion(app, 1, { big: randomBytes(16 * 1024 * 1024) });
  backup = join(shelf, 'whole.tar');
  const made = await rig.operate(['backup', '--with-key', backup]).ended;
  if (made.exitCode !== 0) throw new Error(made.stderr);
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await rm(shelf, { recursive: true, force: true });
});

/** Lets one run come to its end, then kills others ever later after they have begun. Calls back after each. */
async function killAllAlong(run: {
  readonly args: (n: number) => readonly string[];
  readonly hasBegun: (n: number) => Promise<boolean>;
  readonly afterKill: (n: number, isDone: boolean) => Promise<void>;
}): Promise<void> {
  for (let n = 0; n <= 4; n += 1) {
    const { child, ended } = rig.operate(run.args(n));
    if (n > 0) {
      await eventually('the beginning', async () => child.exitCode !== null || (await run.hasBegun(n)));
      await delay((n - 1) * 40);
      child.kill('SIGKILL');
    }
    await run.afterKill(n, (await ended).exitCode === 0);
  }
}

it('leaves no half backup, whenever it is killed, and the next one clears up', async () => {
  const dir = await mkdtemp(join(shelf, 'killed-'));
  const hidden = (names: readonly string[]): readonly string[] => names.filter((name) => name.startsWith('.'));
  const runs: { isDone: boolean; sizeBytes: number | null }[] = [];
  const seen = new Set<string>();
  let left = 0;
  await killAllAlong({
    args: (n) => ['backup', join(dir, `${n}.tar`)],
    hasBegun: async () => {
      const made = [...(await readdir(dir)), ...(await readdir(rig.dataDir))];
      return made.some((name) => name.startsWith('.') && !seen.has(name));
    },
    afterKill: async (n, isDone) => {
      for (const name of [...(await readdir(dir)), ...(await readdir(rig.dataDir))]) seen.add(name);
      const stats = await stat(join(dir, `${n}.tar`)).catch(() => null);
      runs.push({ isDone, sizeBytes: stats?.size ?? null });
      left += hidden(await readdir(dir)).length + hidden(await readdir(rig.dataDir)).length;
    },
  });
  expect(runs.filter(({ isDone, sizeBytes }) => isDone && sizeBytes === null)).toEqual([]);
  expect(runs.filter(({ sizeBytes }) => sizeBytes !== null && sizeBytes < 32_000_000)).toEqual([]);
  expect(runs.filter(({ isDone }) => !isDone).length).toBeGreaterThan(0);
  expect(left).toBeGreaterThan(0);
  expect((await rig.operate(['backup', join(dir, 'last.tar')]).ended).exitCode).toBe(0);
  expect(hidden(await readdir(dir))).toEqual([]);
  expect(hidden(await readdir(rig.dataDir))).toEqual([]);
});

it('restores nothing or the whole, whenever it is killed, and the next attempt works', async () => {
  const dir = await mkdtemp(join(shelf, 'restored-'));
  const data = (n: number): string => join(dir, String(n));
  const runs: { isDone: boolean; isThere: boolean; again: number | null; left: readonly string[] }[] = [];
  await killAllAlong({
    args: (n) => ['restore', backup, '--data', data(n)],
    hasBegun: async (n) => (await readdir(dir)).some((name) => name.startsWith(`.${n}.`)),
    afterKill: async (n, isDone) => {
      const isThere = (await readdir(dir)).includes(String(n));
      const again = isThere ? 0 : (await rig.operate(['restore', backup, '--data', data(n)]).ended).exitCode;
      // Of this folder nothing is left beside it.
      const left = (await readdir(dir)).filter((name) => name.startsWith(`.${n}.`));
      runs.push({ isDone, isThere, again, left });
    },
  });
  expect(runs.filter(({ isDone, isThere }) => isDone && !isThere)).toEqual([]);
  expect(runs.filter(({ again, left }) => again !== 0 || left.length > 0)).toEqual([]);
  expect(runs.filter(({ isThere }) => !isThere).length).toBeGreaterThan(0);
  for (const n of [1, 4]) await expectWhole(data(n), {});
});

itWithPostgres(
  'ends an interrupted restore into a database server by running it again, and starts no half platform',
  async () => {
    const again: unknown[] = [];
    for (let n = 1; n <= 4; n += 1) {
      await using server = await startPostgres();
      if (server === null) throw new Error('PostgreSQL did not start');
      const database = { HOKKU_DATABASE_URL: server.url };
      const dir = await mkdtemp(join(shelf, 'postgres-'));
      const args = ['restore', backup, '--data', join(dir, 'data')];
      const { child, ended } = rig.operate(args, database);
      // From the moment when the rows may be there.
      await untilRows(server.url, child, n * 6);
      child.kill('SIGKILL');
      await ended;
      if (!(await readdir(dir)).includes('data')) again.push(await rig.operate(args, database).ended);
      expect(await readdir(dir)).toEqual(['data']);
      await expectWhole(join(dir, 'data'), database);
    }
    expect(again.length).toBeGreaterThan(0);
    expect(again).toEqual(again.map(() => expect.objectContaining({ exitCode: 0 }) as unknown));
  },
);

async function untilRows(url: string, child: { exitCode: number | null }, thenMs: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query<{ there: string | null }>("select to_regclass('apps') as there");
      if (rows[0]?.there != null || child.exitCode !== null) break;
      await delay(2);
    }
    await delay(thenMs);
  } finally {
    await client.end();
  }
}

async function expectWhole(dataDir: string, database: Readonly<Record<string, string>>): Promise<void> {
  await using restored = await PlatformRig.start({ dataDir, token: rig.token, settings: { ...settings, ...database } });
  const app = await RigApp.create(restored, 'sole');
  const deadline = Date.now() + 60_000;
  while ((await app.get()).status !== 200 && Date.now() < deadline) await delay(50);
  expect((await answerOf(app)).version).toBe(1);
  await app.git('fetch', '--quiet', 'heroku');
  await app.git('fsck', '--full');
}
