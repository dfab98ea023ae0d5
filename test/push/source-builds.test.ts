import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { build, open, untilEnded, upload, type BuildJson } from '../rig/deploys.ts';
import { nothingLeftBehind } from '../rig/left-behind.ts';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';
import { rawTarball, sha256, tarball } from '../rig/tarball.ts';
import { tinyApp } from '../rig/tiny-app.ts';

let rig: PlatformRig;
/** What a server of the operator's network answers by path. */
const shelf = new Map<string, Buffer | URL>();
const server = createServer((request, response) => {
  const found = shelf.get(request.url ?? '');
  if (found instanceof URL) response.writeHead(302, { location: found.href }).end();
  else response.writeHead(found === undefined ? 404 : 200).end(found);
});
let shelfUrl = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  shelfUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  rig = await PlatformRig.start({
    settings: {
      HOKKU_BOOT_TIMEOUT: '10',
      HOKKU_STOP_GRACE: '2',
      HOKKU_SOURCE_MAX_MB: '8',
      HOKKU_PRIVATE_SOURCES: shelfUrl,
    },
  });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

it('builds an uploaded source as a push would: same words, same records, same log', async () => {
  const app = await rig.createApp();
  const bytes = await tarball(tinyApp('one'));
  const url = await upload(rig, bytes);

  const { build: built, output } = await build(rig, app.name, {
    url,
    checksum: `SHA256:${sha256(bytes)}`,
    version: 'v1.3.0',
    version_description: 'Ada: first',
  });

  expect(output).toContain('-----> Building on the Heroku-24 stack');
  expect(output).toContain('-----> Python app detected');
  expect(output).toContain('Released v3');
  expect(output).toContain('Verifying deploy... done.');
  expect(built).toMatchObject({
    status: 'succeeded',
    buildpacks: [{ name: 'heroku/python' }],
    source_blob: { version: 'v1.3.0', checksum: `SHA256:${sha256(bytes)}` },
  });
  // The query of the URL is its secret.
  expect(built.source_blob.url).toBe(url.replace(/\?.*/, ''));
  expect((await app.get()).body).toBe('one of web.1');
  expect((await app.releases()).map((release) => release.description)).toEqual([
    'Initial release',
    'Enable Logplex',
    'Deploy v1.3.0',
  ]);
  const logs = (await app.logs()).join('\n');
  for (const event of ['Build started by user', 'Build succeeded by user', 'Deploy v1.3.0 by user']) {
    expect(logs).toContain(event);
  }
  expect((await app.logs({ dyno: 'build' })).join('\n')).toContain('Python app detected');

  const slug = await rig.api('GET', `/apps/${app.name}/slugs/${built.slug?.id ?? ''}`);
  expect(slug.json).toMatchObject({ commit: 'v1.3.0', commit_description: 'Ada: first' });
  const result = (await rig.api('GET', `/apps/${app.name}/builds/${built.id}/result`)).json as {
    lines: { line: string }[];
    exit_code: number;
  };
  expect(result.exit_code).toBe(0);
  expect(result.lines.map(({ line }) => line).join('')).toBe(output);

  // Resumed as text, and as events.
  expect((await open(rig, built.output_stream_url, { headers: { range: 'bytes=100-' } })).body).toBe(output.slice(100));
  const events = await open(rig, built.output_stream_url, { headers: { accept: 'text/event-stream' } });
  const data = [...events.body.matchAll(/^data: (.*)$/gm)].map(([, line]) => `${line ?? ''}\n`).join('');
  expect(data).toBe(output.replaceAll('\r', ''));
  const last = /id: (\d+)\ndata: .*\n\n$/.exec(events.body)?.[1] ?? '';
  const more = { accept: 'text/event-stream', 'last-event-id': last };
  expect((await open(rig, built.output_stream_url, { headers: more })).status).toBe(204);
});

it('shows the output while the build runs, cancels one, and lets the next go on', async () => {
  const app = await rig.createApp();
  const slow = { ...tinyApp('slow'), 'bin/post_compile': 'echo compiling on; sleep 60\n' };
  const url = await upload(rig, await tarball(slow));
  const first = (await rig.api('POST', `/apps/${app.name}/builds`, { source_blob: { url } })).json as BuildJson;
  const second = (await rig.api('POST', `/apps/${app.name}/builds`, { source_blob: { url } })).json as BuildJson;
  expect(first.status).toBe('pending');
  const output = open(rig, first.output_stream_url);
  await eventually('the script', async () => (await app.logs({ dyno: 'build' })).join('\n').includes('compiling on'));

  const cancelledWaiting = await rig.api('DELETE', `/apps/${app.name}/builds/${second.id}`);
  expect(cancelledWaiting).toMatchObject({ status: 200, json: { id: second.id, status: 'failed' } });
  const cancelled = await rig.api('DELETE', `/apps/${app.name}/builds/${first.id}`);
  expect(cancelled).toMatchObject({ status: 200, json: { id: first.id, status: 'failed' } });
  const text = (await output).body;
  expect(text).toContain('compiling on');
  expect(text).toContain('Push rejected, the build was cancelled.');
  expect(text).toContain('It was cancelled by admin@localhost.');
  expect(await rig.api('DELETE', `/apps/${app.name}/builds/${first.id}`)).toMatchObject({
    status: 422,
    json: { id: 'invalid_params' },
  });
  expect((await open(rig, second.output_stream_url)).body).toContain('Waiting for a build of');

  // The one that never began is only said to be cancelled.
  const events = (await app.logs({ source: 'app', dyno: 'api' })).join('\n');
  expect(events.match(/Build (started|cancelled|failed)/g)?.sort()).toEqual([
    'Build cancelled',
    'Build cancelled',
    'Build failed',
    'Build started',
  ]);

  const { build: third } = await build(rig, app.name, { url: await upload(rig, await tarball(tinyApp('three'))) });
  expect(third.status).toBe('succeeded');
  expect((await app.get()).body).toBe('three of web.1');
  expect((await app.releases()).at(-1)?.description).toBe('Deploy');
  await nothingLeftBehind(rig);
});

it('takes off the one folder of an archive such as GitHub makes', async () => {
  const app = await rig.createApp();
  const files = Object.fromEntries(
    Object.entries(tinyApp('nested')).map(([path, text]) => [`repo-1a2b3c/${path}`, text]),
  );
  const { build: built } = await build(rig, app.name, {
    url: await upload(rig, await tarball(files, ['repo-1a2b3c'])),
  });
  expect(built.status).toBe('succeeded');
  expect((await app.get()).body).toBe('nested of web.1');
});

const good = { name: 'requirements.txt' };
const bad: readonly (readonly [string, Uint8Array, string])[] = [
  ['an absolute path', rawTarball([good, { name: '/etc/hokku-was-here', content: 'x' }]), 'is an absolute path'],
  [
    'a path out of it',
    rawTarball([good, { name: 'a/../../hokku-was-here', content: 'x' }]),
    'leads out of the archive',
  ],
  ['a hard link out', rawTarball([good, { name: 'shadow', type: '1', link: '/etc/shadow' }]), 'is an absolute path'],
  ['a device', rawTarball([good, { name: 'disk', type: '4' }]), 'is a device'],
  ['a FIFO', rawTarball([good, { name: 'pipe', type: '6' }]), 'is a FIFO'],
  ['a sparse file', rawTarball([good, { name: 'holes', type: 'S' }]), 'is a sparse file'],
  [
    'a link that files go through',
    rawTarball([good, { name: 'out', type: '2', link: '/tmp' }, { name: 'out/hokku-was-here', content: 'x' }]),
    'tar could not unpack it',
  ],
  ['a size it does not have', rawTarball([good, { name: 'big', size: 1024 ** 3 }]), 'source too large'],
  [
    'zeros without end',
    rawTarball([good, { name: 'zeros', content: new Uint8Array(9 * 1024 * 1024) }]),
    'source too large',
  ],
  ['nothing', rawTarball([]), 'it is empty'],
  ['half of it', rawTarball([{ name: 'f', content: 'x'.repeat(2000) }]).subarray(0, 60), 'damaged or cut off'],
  ['a zip file', Buffer.from('PK\u0003\u0004 and so on'), 'it is a zip file'],
  ['a web page', Buffer.from('<!doctype html><p>Not found'), 'it is a web page'],
];

it('refuses tarballs that are not plain source, says what is in them, and writes nothing elsewhere', async () => {
  const app = await rig.createApp();
  for (const [what, bytes, text] of bad) {
    const { build: built, output } = await build(rig, app.name, { url: await upload(rig, bytes) });
    expect([what, built.status, output]).toEqual([what, 'failed', expect.stringContaining(text)]);
    expect(output).toMatch(/Next: {6}\S/);
  }
  expect(
    ['/etc', '/tmp', rig.dataDir, join(rig.dataDir, 'builds')].filter((dir) => existsSync(join(dir, 'hokku-was-here'))),
  ).toEqual([]);
  expect(await rig.api('GET', `/apps/${app.name}/releases`)).toMatchObject({ json: { length: 2 } });
  await nothingLeftBehind(rig);
});

it('refuses what is wrong with the request before it makes a build', async () => {
  const app = await rig.createApp();
  const post = async (body: unknown): Promise<unknown> =>
    (await rig.api('POST', `/apps/${app.name}/builds`, body)).json;
  for (const body of [
    {},
    { source_blob: {} },
    { source_blob: { url: 'ftp://x/y' } },
    { source_blob: { url: 'nonsense' } },
  ]) {
    expect(await post(body)).toMatchObject({ id: 'invalid_params' });
  }
  const url = 'https://example.com/source.tgz';
  expect(await post({ source_blob: { url, checksum: 'MD5:1' } })).toMatchObject({ id: 'invalid_params' });
  expect(await post({ source_blob: { url }, buildpacks: [{ url: 'x' }] })).toMatchObject({ id: 'invalid_params' });
  expect((await rig.api('GET', `/apps/${app.name}/builds`)).json).toEqual([]);

  const source = (await rig.api('POST', '/sources')).json as { source_blob: { get_url: string; put_url: string } };
  const { get_url: get, put_url: put } = source.source_blob;
  expect((await open(rig, put.replace(/.$/, 'x'), { method: 'PUT', body: 'x' })).status).toBe(403);
  expect((await open(rig, get, { method: 'PUT', body: 'x' })).status).toBe(403);
  expect((await open(rig, put)).status).toBe(403);
  expect((await open(rig, get)).status).toBe(404);
  expect((await open(rig, put, { method: 'PUT', body: new Uint8Array(9 * 1024 * 1024) })).status).toBe(413);
  expect((await open(rig, get)).status).toBe(404);
  const { output } = await build(rig, app.name, { url: get });
  expect(output).toContain('nothing was uploaded to it');
  const { output: wrong } = await build(rig, app.name, {
    url: await upload(rig, await tarball(tinyApp('x'))),
    checksum: `SHA256:${'0'.repeat(64)}`,
  });
  expect(wrong).toContain('its checksum is SHA256:');
});

it('fetches nothing from inside: not itself, not its neighbours, not by name', async () => {
  const app = await rig.createApp();
  for (const url of [
    `http://127.0.0.1:${rig.port}/account`,
    `https://127.0.0.1:${rig.port}/account`,
    `https://localhost:${rig.port}/account`,
    'https://[::1]:443/',
    'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://10.1.2.3/source.tgz',
    'https://0x7f000001/',
  ]) {
    const { build: built, output } = await build(rig, app.name, { url });
    expect([url, built.status]).toEqual([url, 'failed']);
    expect([url, output]).toEqual([url, expect.stringMatching(/public internet|not reached by https/)]);
    expect(output).not.toContain('/latest/meta-data');
  }
});

it('fetches from an origin that the operator allows, and follows it to no other inside', async () => {
  const app = await rig.createApp();
  const bytes = await tarball(tinyApp('fetched'));
  shelf.set('/app.tgz?token=secret', bytes);
  shelf.set('/moved', new URL('/app.tgz?token=secret', shelfUrl));
  shelf.set('/to-itself', new URL(`http://127.0.0.1:${rig.port}/account`));
  shelf.set('/in-circles', new URL('/in-circles', shelfUrl));
  shelf.set('/huge', Buffer.alloc(9 * 1024 * 1024));

  const checksum = `SHA256:${sha256(bytes)}`;
  const { build: built } = await build(rig, app.name, { url: `${shelfUrl}/moved`, checksum });
  expect(built).toMatchObject({ status: 'succeeded', source_blob: { checksum } });
  expect((await app.get()).body).toBe('fetched of web.1');
  for (const [path, text] of [
    ['/to-itself', 'not reached by https'],
    ['/in-circles', 'redirects more than'],
    ['/huge', 'larger than'],
    ['/missing?token=secret', 'answered with status 404'],
  ]) {
    const { output } = await build(rig, app.name, { url: `${shelfUrl}${path ?? ''}` });
    expect([path, output]).toEqual([path, expect.stringContaining(text ?? '')]);
    expect(output).not.toContain('secret');
  }
  expect(rig.platformLog).not.toContain('secret');
  await nothingLeftBehind(rig);
});

it('fails a build that a kill -9 interrupted, and leaves nothing of it', async () => {
  const app = await rig.createApp();
  const slow = { ...tinyApp('slow'), 'bin/post_compile': 'echo compiling on; sleep 60\n' };
  const url = await upload(rig, await tarball(slow));
  const begun = (await rig.api('POST', `/apps/${app.name}/builds`, { source_blob: { url } })).json as BuildJson;
  await eventually('the script', async () => (await app.logs({ dyno: 'build' })).join('\n').includes('compiling on'));
  await rig.killServer();
  await rig.startServer();

  const ended = await untilEnded(rig, app.name, begun.id);
  expect(ended.status).toBe('failed');
  expect((await open(rig, ended.output_stream_url)).body).toContain('Python app detected');
  await nothingLeftBehind(rig);
  const { build: again } = await build(rig, app.name, { url: await upload(rig, await tarball(tinyApp('again'))) });
  expect(again.status).toBe('succeeded');
});
