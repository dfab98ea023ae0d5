import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { makeCertificate } from '../rig/certificate.ts';
import { Load } from '../rig/load.ts';
import { PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { answerOf, deployVersion } from '../rig/versioned-app.ts';

let rig: PlatformRig;
let app: RigApp;
let shelf: string;

beforeAll(async () => {
  shelf = await mkdtemp(join(tmpdir(), 'hokku-shelf-'));
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '30', HOKKU_STOP_GRACE: '2' } });
  app = await rig.createApp();
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { STAMP: '3' });
  await deployVersion(app, 1);
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await rm(shelf, { recursive: true, force: true });
});

const keyFile = (): Promise<string> => readFile(join(rig.dataDir, 'secret-key'), 'utf8');
const stampOf = async (): Promise<unknown> => (await rig.api('GET', `/apps/${app.name}/config-vars`)).json;

it('rotates the key while visitors are served, and asks for the old one with a backup from before', async () => {
  await keepEverySecret();
  const secrets = await readSecrets();
  await using load = new Load(app, { pauseMs: 20 });
  const backup = join(shelf, 'before.tar');
  expect((await rig.operate(['backup', backup]).ended).exitCode).toBe(0);
  const before = await keyFile();

  const refused = await rig.operate(['key:rotate']).ended;
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(
    /^hokku: The platform of .* is running \(process \d+\).*Stop it with `kill -TERM \d+` \(apps and router go on\)/,
  );
  expect(await keyFile()).toBe(before);

  await rig.terminateServer();
  const rotated = await rig.operate(['key:rotate', '--json']).ended;
  expect(rotated).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(rotated.stdout)).toMatchObject({ version: 2, count: 8 });
  const after = await keyFile();
  expect(after).not.toBe(before);
  await rig.startServer();
  expect(await stampOf()).toEqual({ STAMP: '3' });
  expect(await readSecrets()).toEqual(secrets);
  await deployVersion(app, 2);
  expect(await answerOf(app)).toMatchObject({ version: 2, stamp: 3 });
  expect(await load.stop()).toMatchObject({ failures: [], stale: [] });

  const target = join(shelf, 'data');
  const wrong = await rig.operate(['restore', backup, '--data', target, '--key-file', join(rig.dataDir, 'secret-key')])
    .ended;
  expect(wrong.exitCode).toBe(1);
  expect(wrong.stderr).toMatch(
    /is encrypted with the secret key of fingerprint [0-9a-f]{16}, and --key-file gives another one/,
  );
  expect(await readdir(shelf)).toEqual(['before.tar']);
  const right = await rig.operate(['restore', backup, '--data', target], { HOKKU_SECRET_KEY: before.trim() }).ended;
  expect(right).toMatchObject({ exitCode: 0, stderr: '' });
  expect(right.stdout).toContain('set it for the server too');
});

it('has the key that fits after kill -9 at any moment of a rotation', async () => {
  for (let n = 0; n < 6; n += 1) {
    await rig.terminateServer();
    const { child, ended } = rig.operate(['key:rotate']);
    const startedAt = Date.now();
    // Once its key is there, or the rotation is over.
    const isOver = (): boolean => child.exitCode !== null || Date.now() - startedAt > 30_000;
    while (!isOver() && !(await readdir(rig.dataDir)).some((name) => name.startsWith('secret-key.next')))
      await delay(1);
    await delay(n * 2);
    child.kill('SIGKILL');
    await ended;
    await rig.startServer();
    expect(await stampOf()).toEqual({ STAMP: '3' });
    expect((await readdir(rig.dataDir)).filter((name) => name.startsWith('secret-key'))).toEqual(['secret-key']);
  }
  await deployVersion(app, 3);
  expect(await answerOf(app)).toMatchObject({ version: 3, stamp: 3 });
});

/** One of each thing that is kept encrypted. */
async function keepEverySecret(): Promise<void> {
  const { cert: certificate_chain, key: private_key } = await makeCertificate(['www.sealed.example']);
  const created = [
    await rig.api('POST', `/apps/${app.name}/sni-endpoints`, { certificate_chain, private_key }),
    await rig.api('POST', `/apps/${app.name}/log-drains`, { url: 'https://user:hunter2@logs.example.com/' }),
    await rig.api('POST', `/apps/${app.name}/webhooks`, {
      include: ['api:release'],
      level: 'notify',
      url: 'https://hooks.example.com/hunter2',
    }),
    await rig.api('POST', '/oauth/clients', { name: 'sealed', redirect_uri: 'https://app.example.com/back' }),
    await rig.api('POST', '/pipelines', { name: 'sealed' }),
  ];
  expect(created.map(({ status, body }) => (status < 300 ? 'made' : body))).toEqual(created.map(() => 'made'));
  const { id } = created.at(-1)?.json as { id: string };
  const vars = await rig.api('PATCH', `/pipelines/${id}/stage/review/config-vars`, { TOKEN: 'hunter2' });
  expect(vars.status).toBe(200);
}

async function readSecrets(): Promise<readonly unknown[]> {
  const pipelines = (await rig.api('GET', '/pipelines')).json as { id: string }[];
  const paths = [
    `/apps/${app.name}/log-drains`,
    `/apps/${app.name}/webhooks`,
    '/oauth/clients',
    `/pipelines/${pipelines[0]?.id ?? ''}/stage/review/config-vars`,
  ];
  const answers = await Promise.all(paths.map((path) => rig.api('GET', path)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  return answers.map(({ json }) => json);
}
