import { randomBytes } from 'node:crypto';
import { readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { hokkuIn } from '../rig/hokku.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { SmallDisk } from '../rig/small-disk.ts';
import { pushTiny } from '../rig/tiny-app.ts';

interface Disk {
  readonly freed?: number;
  readonly used: number;
  readonly quota: number;
  readonly apps: readonly {
    readonly app: { readonly name: string };
    readonly slug_count: number;
    readonly slugs: number;
    readonly repository: number;
  }[];
}

const megabyte = 1024 * 1024;

async function disk(rig: PlatformRig, ...args: readonly string[]): Promise<Disk> {
  const env = { HOKKU_DATA_DIR: rig.dataDir, HOME: rig.home, HOKKU_API_KEY: rig.token };
  const { exitCode, stdout, stderr } = await hokkuIn(rig.home, env, ['disk', '--json', ...args]);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Disk;
}

async function countSlugs(rig: PlatformRig): Promise<number> {
  return (await readdir(join(rig.dataDir, 'slugs'))).filter((name) => name.endsWith('.tgz')).length;
}

const statuses = async (app: RigApp): Promise<readonly string[]> => (await app.releases()).map(({ status }) => status);

it('lets slugs beyond the reach of a rollback go, and says so to whoever asks for one', async () => {
  await using rig = await PlatformRig.start({
    settings: { HOKKU_ROLLBACK_RELEASES: '3', HOKKU_ROLLBACK_DAYS: '0', HOKKU_STOP_GRACE: '2' },
  });
  const app = await rig.createApp();
  for (const version of ['one', 'two', 'three', 'four', 'five'])
    expect((await pushTiny(app, version)).exitCode).toBe(0);

  await eventually('three slugs', async () => (await countSlugs(rig)) === 3);
  expect(await statuses(app)).toEqual([
    'succeeded',
    'succeeded',
    'expired',
    'expired',
    'succeeded',
    'succeeded',
    'succeeded',
  ]);
  const refused = await rig.api('POST', `/apps/${app.name}/releases`, { release: 'v3' });
  expect(refused.status).toBe(422);
  expect(refused.body).toMatch(
    /roll back to v3: it has expired, its slug is no longer stored. Push the commit [0-9a-f]{40} again/,
  );
  expect((await rig.api('POST', `/apps/${app.name}/releases`, { release: 'v5' })).status).toBe(201);
  await eventually('three again', async () => (await app.get()).body === 'three of web.1');
  // What runs now is within reach again, however old its slug is.
  for (const value of ['1', '2', '3', '4']) await rig.api('PATCH', `/apps/${app.name}/config-vars`, { N: value });
  await eventually('one slug', async () => (await countSlugs(rig)) === 1);
  expect((await app.get()).body).toBe('three of web.1');

  const { apps } = await disk(rig);
  expect(apps).toMatchObject([{ app: { name: app.name }, slug_count: 1 }]);
  const text = await hokkuIn(rig.home, { HOKKU_DATA_DIR: rig.dataDir, HOME: rig.home, HOKKU_API_KEY: rig.token }, [
    'disk',
    '--collect',
  ]);
  expect(text.stdout).toMatch(/^Freed [\d.]+ [KMG]B\.\n\nUsed: [^]*App +Repository +Slugs/);
});

/** More with HOKKU_TEST_DISK_DEPLOYS; fewer do not fill the quota. */
const deploys = Math.max(14, Number(process.env['HOKKU_TEST_DISK_DEPLOYS'] ?? 14));

it('stays within its quota over many deploys, with the newest releases in reach', async () => {
  const quotaMegabytes = 11;
  await using rig = await PlatformRig.start({
    settings: { HOKKU_DISK_QUOTA_MB: String(quotaMegabytes), HOKKU_ROLLBACK_RELEASES: '5', HOKKU_STOP_GRACE: '1' },
  });
  const app = await rig.createApp();
  let most = 0;
  for (let n = 1; n <= deploys; n += 1) {
    // The slug is not to be compressed; what git keeps of it is.
    const files = {
      'noise.py': `import random; open("noise", "wb").write(random.Random(${n}).randbytes(${megabyte}))\n`,
      'bin/pre_compile': '#!/bin/sh\npython3 noise.py\n',
    };
    const push = await pushTiny(app, `v${n}`, files);
    expect(push.output).toContain('deployed to Hokku');
    if (n % 7 === 0) most = Math.max(most, (await disk(rig)).used);
  }
  await eventually('the quota', async () => (await disk(rig)).used <= quotaMegabytes * megabyte);
  // What a deploy adds before anything can be let go.
  expect(most).toBeLessThan((quotaMegabytes + 3) * megabyte);
  expect((await statuses(app)).slice(-5)).toEqual(Array(5).fill('succeeded'));
  const { version } = (await app.releases()).at(-5) ?? { version: 0 };
  expect((await rig.api('POST', `/apps/${app.name}/releases`, { release: version })).status).toBe(201);
  await eventually('an older version', async () => (await app.get()).body === `v${deploys - 4} of web.1`);

  const packs = join(rig.dataDir, 'repos');
  const [repo = ''] = await readdir(packs);
  await disk(rig, '--collect');
  const objects = await readdir(join(packs, repo, 'objects', 'pack'));
  expect(objects.filter((name) => name.endsWith('.pack')).length).toBeLessThan(3);
  await app.git('fetch', '--quiet', 'heroku');
}, 600_000);

it('refuses a build that has no room before it begins, and leaves what runs alone', async () => {
  await using small = await SmallDisk.mount('size=700m');
  if (small === null) {
    process.stderr.write('skipped: no file system can be mounted here\n');
    return;
  }
  await using rig = await PlatformRig.start({ dataDir: join(small.dir, 'data'), settings: { HOKKU_STOP_GRACE: '1' } });
  const app = await rig.createApp();
  expect((await pushTiny(app, 'one')).exitCode).toBe(0);

  await small.fill(80 * megabyte);
  const refused = await pushTiny(app, 'two');
  expect(refused.exitCode).toBe(1);
  expect(refused.output).toMatch(
    /Push rejected, the platform is short of disk space[^]*this build may need [\d.]+M[^]*are free, of which[^]*hokku disk/,
  );
  expect(refused.output).not.toContain('Building source');

  // Not a byte is left but the reserve.
  await small.fill(0);
  expect((await app.get()).body).toBe('one of web.1');
  await eventually('the reserve is in use', () => Promise.resolve(rig.platformLog.includes('its reserve is in use')));
  expect((await rig.api('PATCH', `/apps/${app.name}/config-vars`, { A: 'b' })).status).toBe(200);
  await eventually('the new release', async () => (await app.dynos())[0]?.release.version === 4);
  expect((await app.get()).body).toBe('one of web.1');
  await rig.api('DELETE', `/apps/${app.name}/dynos`);
  await eventually('the app again', async () => (await app.get()).body === 'one of web.1');

  await small.empty();
  const accepted = await app.push();
  expect(accepted.output).toContain('deployed to Hokku');
  expect((await app.get()).body).toBe('two of web.1');
});

it('survives a disk that fills up in the middle of a push, at each of its stages', async () => {
  await using small = await SmallDisk.mount('size=700m');
  if (small === null) {
    process.stderr.write('skipped: no file system can be mounted here\n');
    return;
  }
  await using rig = await PlatformRig.start({ dataDir: join(small.dir, 'data'), settings: { HOKKU_STOP_GRACE: '1' } });
  const app = await rig.createApp();
  expect((await pushTiny(app, 'one')).exitCode).toBe(0);

  const free = (): Promise<number> => statfs(small.dir).then(({ bavail, bsize }) => bavail * bsize);
  const before = await free();
  const fill = (path: string): string => `dd if=/dev/urandom of=${path} bs=1M count=2000`;
  const stages: readonly { readonly name: string; readonly files: Record<string, string>; readonly says: RegExp }[] = [
    {
      name: 'compile',
      files: { 'bin/pre_compile': `#!/bin/sh\n${fill('/tmp/full')}\n` },
      says: /No space left on device[^]*Push rejected/,
    },
    {
      // The slug of what is there finds no room beside it.
      name: 'pack',
      files: {
        'bin/pre_compile': `#!/bin/sh\nfree=$(df -m --output=avail . | tail -1); ${fill('big').replace('2000', '$((free - 60))')}\n`,
      },
      says: /the disk of the platform is full[^]*Failed in: pack/,
    },
    {
      name: 'release command',
      files: { 'bin/pre_compile': '#!/bin/sh\n', Procfile: `web: exec python server.py\nrelease: ${fill('full')}\n` },
      // What dd says of it finds no room in the dyno's own spool.
      says: /v\d+ is not live: its release command exited with status 1/,
    },
  ];
  for (const { name, files, says } of stages) {
    const push = await pushTiny(app, name, files);
    expect([name, push.output]).toEqual([name, expect.stringMatching(says)]);
    expect((await app.get()).body).toBe('one of web.1');
    await eventually(`the space of ${name}`, async () => (await free()) > before - 30 * megabyte);
  }

  // Git itself finds no room for the pack.
  await small.fill(3 * megabyte);
  const files = { 'big.bin': randomBytes(10 * megabyte).toString('base64') };
  const refused = await pushTiny(app, 'received', files);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.output).toContain('the disk of the platform is full');
  expect((await app.get()).body).toBe('one of web.1');
  await small.empty();
  const accepted = await pushTiny(app, 'two');
  expect(accepted.output).toContain('deployed to Hokku');
  expect((await app.get()).body).toBe('two of web.1');
});
