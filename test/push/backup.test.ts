/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithPostgres', 'itWithCli'] }] */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { Load } from '../rig/load.ts';
import { PlatformRig, RigApp } from '../rig/platform-rig.ts';
import { missingPostgres, startPostgres } from '../rig/postgres.ts';
import { answerOf, commitVersion, deployVersion } from '../rig/versioned-app.ts';

const installation = await installHerokuCli();
const itWithCli = installation.status === 'installed' ? it : it.skip;
const itWithPostgres = missingPostgres() === null ? it : it.skip;
const settings = { HOKKU_BOOT_TIMEOUT: '30', HOKKU_STOP_GRACE: '2' };

let rig: PlatformRig;
/** Pushed to all the time; changed, with a custom domain; three releases to go back to. */
let [busy, old]: (RigApp | undefined)[] = [];
let shelf: string;

beforeAll(async () => {
  shelf = await mkdtemp(join(tmpdir(), 'hokku-shelf-'));
  rig = await PlatformRig.start({ settings });
  const apps = await Promise.all(['busy', 'dressed', 'old'].map((name) => rig.createApp(name)));
  [busy, , old] = apps;
  for (const app of apps) await deployVersion(app, 1);
  await rig.api('PATCH', '/apps/dressed/config-vars', { STAMP: '7', SECRET: 'hunter2' });
  await rig.api('POST', '/apps/dressed/domains', { hostname: 'www.dressed.example', sni_endpoint: null });
  await rig.api('PATCH', '/apps/dressed/formation/web', { quantity: 2 });
  await deployVersion(the(old), 2);
  await deployVersion(the(old), 3);
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await rm(shelf, { recursive: true, force: true });
});

it('takes whole backups during pushes and traffic, and one of them is the platform again elsewhere', async () => {
  const app = the(busy);
  await using load = new Load(app, { pauseMs: 20 });
  const pushing = pushUntilStopped(app);
  const files: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    const file = join(shelf, `${n}.tar`);
    const backup = await rig.operate(['backup', '--json', file]).ended;
    expect(backup).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(backup.stdout)).toMatchObject({ apps: 3, warnings: [], holdsKey: false });
    files.push(file);
    await delay(500);
  }
  const pushed = await pushing.stop();
  expect(pushed.refused).toEqual([]);
  expect(pushed.count).toBeGreaterThan(0);
  expect(await load.stop()).toMatchObject({ failures: [], stale: [] });
  expect((await stat(files[0] ?? '')).mode & 0o777).toBe(0o600);
  // Neither half files beside the backups nor what they were made from.
  expect(await readdir(shelf)).toEqual(['0.tar', '1.tar', '2.tar']);
  expect((await readdir(rig.dataDir)).filter((name) => name.startsWith('.'))).toEqual([]);

  const key = join(shelf, 'key');
  expect((await rig.operate(['backup', '--key-only', key]).ended).exitCode).toBe(0);
  for (const file of files) {
    await using restored = await restoreTo(file, ['--key-file', key]);
    await expectSame(restored.rig, 'busy');
  }
});

it('restores what was configured, rolls back, and takes the next push', async () => {
  const file = join(shelf, 'with-key.tar');
  const backup = await rig.operate(['backup', '--with-key', '--logs', file]).ended;
  expect(backup.stderr).toContain('the secret key is INSIDE');
  await using restored = await restoreTo(file, []);

  const { rig: other } = restored;
  expect(await rowsOf(other)).toEqual(await rowsOf(rig));
  expect((await other.request('www.dressed.example')).body).toContain('"stamp": 7');
  await expectSame(other, 'dressed');
  const copy = await expectSame(other, 'old');
  expect((await copy.logs()).join('\n')).toContain('version 3 starts');

  const target = (await copy.releases()).find(({ description }) => description.startsWith('Deploy'));
  const rolledBack = await other.api('POST', '/apps/old/releases', { release: String(target?.version) });
  expect(rolledBack.status).toBe(201);
  await eventuallyVersion(copy, 1);
  await deployVersion(copy, 4);
  expect((await answerOf(copy)).version).toBe(4);
});

it('leaves a slug out that the disk has spoiled, says so, and restores all the rest', async () => {
  const slugs = join(rig.dataDir, 'slugs');
  const [name = ''] = (await readdir(slugs)).filter((one) => one.endsWith('.tgz'));
  const content = await readFile(join(slugs, name));
  const spoiled = Buffer.from(content);
  spoiled[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1;
  await writeFile(join(slugs, name), spoiled);
  const file = join(shelf, 'spoiled.tar');
  const backup = await rig.operate(['backup', '--with-key', '--json', file]).ended;
  await writeFile(join(slugs, name), content);

  expect((JSON.parse(backup.stdout) as { warnings: string[] }).warnings).toEqual([
    expect.stringMatching(`the slug ${name.replace('.tgz', '')} of a release is damaged.*deploy its app again`),
  ]);
  const data = join(shelf, 'without');
  expect(await rig.operate(['restore', file, '--data', data]).ended).toMatchObject({ exitCode: 0 });
  expect(await readdir(join(data, 'slugs'))).not.toContain(name);
});

itWithCli('is the same platform to the heroku CLI of before', async () => {
  if (installation.status === 'missing') throw new Error(installation.reason);
  const file = join(shelf, 'cli.tar');
  await rig.operate(['backup', '--with-key', file]).ended;
  await using restored = await restoreTo(file, []);
  await using cli = await HerokuCli.open(installation, restored.rig);

  const apps = await cli.run(['apps'], cli.home);
  const config = await cli.run(['config', '-a', 'dressed'], cli.home);

  expect(apps.stdout).toMatch(/busy\s+dressed\s+old/);
  expect(config.stdout).toMatch(/SECRET:\s+hunter2/);
});

itWithPostgres('goes from one database to the other and back', async () => {
  const file = join(shelf, 'sqlite.tar');
  await rig.operate(['backup', '--with-key', file]).ended;
  await using server = await startPostgres();
  if (server === null) throw new Error('PostgreSQL did not start');
  const there = { HOKKU_DATABASE_URL: server.url };
  await using first = await restoreTo(file, [], there);
  expect(await rowsOf(first.rig)).toEqual(await rowsOf(rig));
  await expectSame(first.rig, 'old');
  // Never over a platform that is there.
  const again = await rig.operate(['restore', file, '--data', join(shelf, 'second')], there).ended;
  expect(again).toMatchObject({ exitCode: 1, stdout: '' });
  expect(again.stderr).toContain('already holds a platform');
  expect((await readdir(shelf)).filter((name) => name.includes('second'))).toEqual([]);

  const back = join(shelf, 'postgres.tar');
  expect(await first.rig.operate(['backup', '--with-key', back]).ended).toMatchObject({ exitCode: 0 });
  await using second = await restoreTo(back, [], {});
  expect(await rowsOf(second.rig)).toEqual(await rowsOf(rig));
  await expectSame(second.rig, 'dressed');
});

/** A push after the other; each has to be accepted. */
function pushUntilStopped(app: RigApp): { stop(): Promise<{ count: number; refused: readonly string[] }> } {
  const state = { isOver: false };
  const refused: string[] = [];
  const running = (async () => {
    let count = 0;
    for (let version = 2; !state.isOver; version += 1, count += 1) {
      await commitVersion(app, version);
      const { exitCode, output } = await app.push();
      if (exitCode !== 0) refused.push(output);
    }
    return count;
  })();
  return {
    stop: async () => {
      state.isOver = true;
      return { count: await running, refused };
    },
  };
}

/** A platform made of this backup, on another port, that its owner reaches with the old token. */
async function restoreTo(
  file: string,
  args: readonly string[],
  database: Readonly<Record<string, string>> = {},
): Promise<{ rig: PlatformRig } & AsyncDisposable> {
  const home = await mkdtemp(join(tmpdir(), 'hokku-restored-'));
  const dataDir = join(home, 'data');
  const result = await rig.operate(['restore', file, '--data', dataDir, ...args], database).ended;
  if (result.exitCode !== 0) throw new Error(`restore: ${result.stderr}`);
  expect(await readdir(home)).toEqual(['data']);
  const restored = await PlatformRig.start({ dataDir, token: rig.token, settings: { ...settings, ...database } });
  return {
    rig: restored,
    [Symbol.asyncDispose]: async () => {
      await restored[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The app answers with what its current release says, and a clone is that commit, whole. */
async function expectSame(other: PlatformRig, name: string): Promise<RigApp> {
  const copy = await RigApp.create(other, name);
  await copy.git('fetch', '--quiet', 'heroku');
  await copy.git('reset', '--quiet', '--hard', 'heroku/main');
  await copy.git('fsck', '--full');
  const current = (await copy.releases()).find((release) => release.current);
  const slug = (await other.api('GET', `/apps/${name}/releases/${current?.version ?? 0}`)).json as {
    slug: { id: string };
  };
  const { commit } = (await other.api('GET', `/apps/${name}/slugs/${slug.slug.id}`)).json as { commit: string };
  const version = Number(await copy.git('show', `heroku/main:VERSION`));
  // A backup that falls between the switch of a release and the move of its branch has the branch of before, as a crash has.
  const known = await copy.git('cat-file', '-e', commit).then(
    () => true,
    () => false,
  );
  await eventuallyVersion(copy, known ? version : version + 1);
  const releases = await copy.releases();
  expect(releases.filter(({ status }) => status === 'pending')).toEqual([]);
  return copy;
}

async function eventuallyVersion(app: RigApp, version: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  let seen = '';
  while (Date.now() < deadline) {
    seen = await answerOf(app).then(
      (answer) => String(answer.version),
      (error: unknown) => String(error),
    );
    if (seen === String(version)) return;
    await delay(50);
  }
  throw new Error(`${app.name} answers ${seen}, not ${version}`);
}

/** What the owner sees through the API, but for what belongs to the machine. */
async function rowsOf(platform: PlatformRig): Promise<unknown> {
  const paths = ['dressed', 'old'].flatMap((name) =>
    ['config-vars', 'releases', 'domains', 'formation', 'builds', 'collaborators', 'features'].map(
      (what) => `/apps/${name}/${what}`,
    ),
  );
  const all = await Promise.all(
    ['/account', '/oauth/authorizations', ...paths].map(async (path) => {
      const { status, body } = await platform.api('GET', path);
      expect(status).toBe(200);
      return body.replaceAll(`:${platform.port}/`, ':PORT/').replaceAll(/signature=[0-9a-f]+|expires=\d+/g, '');
    }),
  );
  return all;
}

function the(app: RigApp | undefined): RigApp {
  if (app === undefined) throw new Error('the app is missing');
  return app;
}
