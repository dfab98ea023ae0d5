import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '3' } });
});
afterAll(() => rig[Symbol.asyncDispose]());

/** Short forms of the SHA-256 of what is on disk, sorted. */
async function slugs(): Promise<readonly string[]> {
  const names = await readdir(join(rig.dataDir, 'slugs'));
  return names
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => name.slice(0, 8))
    .sort();
}

async function trees(): Promise<readonly string[]> {
  return (await readdir(join(rig.dataDir, 'slugs', 'unpacked'))).map((name) => name.slice(0, 8)).sort();
}

/** Of the newest release. */
async function newestSlug(app: RigApp): Promise<string> {
  const releases = (await rig.api('GET', `/apps/${app.name}/releases`)).json as { slug: { id: string } | null }[];
  const slug = await rig.api('GET', `/apps/${app.name}/slugs/${releases.at(-1)?.slug?.id}`);
  return (slug.json as { checksum: string }).checksum.slice('SHA256:'.length).slice(0, 8);
}

async function expectOnDisk(wanted: { slugs: readonly string[]; trees: readonly string[] }): Promise<void> {
  const now = async (): Promise<string> => JSON.stringify({ slugs: await slugs(), trees: await trees() });
  const expected = JSON.stringify({ slugs: wanted.slugs.toSorted(), trees: wanted.trees.toSorted() });
  let last = '';
  await eventually(expected, async () => (last = await now()) === expected).catch((error: unknown) => {
    throw new Error(`on disk: ${last}, not ${expected}`, { cause: error });
  });
}

const push = async (app: RigApp, version: string, files: Readonly<Record<string, string>> = {}): Promise<string> => {
  await pushTiny(app, version, files);
  return newestSlug(app);
};

it('keeps every slug that a rollback can reach, and only the trees that are used', async () => {
  const app = await rig.createApp();
  const one = await push(app, 'one');
  // This dyno does not care for SIGTERM, so it runs on for a while after the switch.
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { IGNORE_TERM: '1' });
  await eventually('v4', async () => (await app.dynos())[0]?.release.version === 4);
  const two = await push(app, 'two');
  expect((await app.get()).body).toBe('two of web.1');
  const dynos = await readdir(join(rig.dataDir, 'dynos'));
  expect(dynos).toHaveLength(2);
  expect(await trees()).toEqual([one, two].sort());
  await expectOnDisk({ slugs: [one, two], trees: [two] });
  expect(await readdir(join(rig.dataDir, 'dynos'))).toHaveLength(1);

  // A release that failed can be tried again while it is the newest; then it is out of reach, and its slug goes with it.
  const procfile = 'web: exec python server.py\nrelease: exit 3\n';
  const failed = await push(app, 'three', { Procfile: procfile });
  expect([one, two]).not.toContain(failed);
  await expectOnDisk({ slugs: [one, two, failed], trees: [two] });

  await rig.api('POST', `/apps/${app.name}/releases`, { release: 'v3' });
  await eventually('one again', async () => (await app.get()).body === 'one of web.1');
  await expectOnDisk({ slugs: [one, two], trees: [one] });

  // A crash restarts out of the tree that is there.
  await app.get('/exit?status=3').catch(() => undefined);
  await eventually('another dyno', async () => (await app.get()).body === 'one of web.1');
  await rig.api('DELETE', `/apps/${app.name}`);
  await expectOnDisk({ slugs: [], trees: [] });
});

it('keeps the slug of another app that has the same code when one is destroyed', async () => {
  const [app, twin] = [await rig.createApp(), await rig.createApp()];
  const slug = await push(app, 'same');
  expect(await push(twin, 'same')).toBe(slug);
  await expectOnDisk({ slugs: [slug], trees: [slug, slug] });
  await rig.api('DELETE', `/apps/${app.name}`);
  await expectOnDisk({ slugs: [slug], trees: [slug] });
  await rig.api('DELETE', `/apps/${twin.name}/dynos`);
  await eventually('the twin', async () => (await twin.get()).body === 'same of web.1');
  await rig.api('DELETE', `/apps/${twin.name}`);
  await expectOnDisk({ slugs: [], trees: [] });
});

it('is consistent after kill -9 in the middle of it, and rolls back as if nothing had been', async () => {
  const app = await rig.createApp();
  const one = await push(app, 'one');
  const two = await push(app, 'two');
  for (let round = 0; round < 3; round += 1) {
    const target =
      round % 2 === 0
        ? { version: 'v3', slug: one, body: 'one of web.1' }
        : { version: 'v4', slug: two, body: 'two of web.1' };
    await rig.api('POST', `/apps/${app.name}/releases`, { release: target.version });
    await eventually('the switch', async () => (await app.get()).body === target.body);
    // The old dyno and its tree go in these moments.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
    await rig.killServer();
    await rig.startServer();
    expect((await app.get()).body).toBe(target.body);
    await expectOnDisk({ slugs: [one, two], trees: [target.slug] });
  }
  await expectNothingLeft(rig);
  await rig.api('DELETE', `/apps/${app.name}`);
});
