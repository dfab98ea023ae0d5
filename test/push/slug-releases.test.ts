import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { open, type BuildJson } from '../rig/deploys.ts';
import { nothingLeftBehind } from '../rig/left-behind.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { rawTarball, sha256, tarball } from '../rig/tarball.ts';
import { pushTiny, tinyApp } from '../rig/tiny-app.ts';

let rig: PlatformRig;

beforeAll(async () => {
  rig = await PlatformRig.start({
    settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2', HOKKU_SLUG_MAX_MB: '4' },
  });
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

interface SlugJson {
  readonly id: string;
  readonly blob: { readonly method: string; readonly url: string };
  readonly checksum: string | null;
  readonly size: number | null;
}

interface ReleaseJson {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly description: string;
  readonly output_stream_url: string | null;
}

const types = { web: 'exec python3 server.py' };

async function createSlug(app: RigApp, body: Readonly<Record<string, unknown>> = {}): Promise<SlugJson> {
  const answer = await rig.api('POST', `/apps/${app.name}/slugs`, { process_types: types, ...body });
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`);
  return answer.json as SlugJson;
}

function appTarball(version: string): Promise<Buffer> {
  const files = Object.fromEntries(Object.entries(tinyApp(version)).map(([path, text]) => [`app/${path}`, text]));
  return tarball(files, ['./app']);
}

async function release(app: RigApp, body: Readonly<Record<string, unknown>>): Promise<ReleaseJson> {
  const answer = await rig.api('POST', `/apps/${app.name}/releases`, body);
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`);
  return answer.json as ReleaseJson;
}

async function untilSettled(app: RigApp, { version }: ReleaseJson): Promise<ReleaseJson> {
  return eventually('the end of the release', async () => {
    const found = (await rig.api('GET', `/apps/${app.name}/releases/${version}`)).json as ReleaseJson;
    return found.status !== 'pending' && found;
  });
}

it('takes a slug made elsewhere, releases it, keeps it over a kill -9, and gives it to another app', async () => {
  const app = await rig.createApp();
  const bytes = await appTarball('handmade');
  const slug = await createSlug(app, { commit: 'abc', checksum: `SHA256:${sha256(bytes)}` });
  expect(slug).toMatchObject({ size: null, blob: { method: 'PUT' } });
  expect(await rig.api('POST', `/apps/${app.name}/releases`, { slug: slug.id })).toMatchObject({
    status: 422,
    json: { message: expect.stringContaining('not uploaded yet') },
  });
  expect((await open(rig, slug.blob.url, { method: 'PUT', body: bytes })).status).toBe(200);
  await rig.killServer();
  await rig.startServer();

  const uploaded = (await rig.api('GET', `/apps/${app.name}/slugs/${slug.id}`)).json as SlugJson;
  expect(uploaded).toMatchObject({ size: bytes.length, checksum: `SHA256:${sha256(bytes)}`, blob: { method: 'GET' } });
  const first = await release(app, { slug: slug.id });
  expect(first).toMatchObject({ version: 3, description: 'Deploy abc', output_stream_url: null });
  expect((await untilSettled(app, first)).status).toBe('succeeded');
  expect((await app.get()).body).toBe('handmade of web.1');
  expect((await open(rig, uploaded.blob.url)).headers['content-length']).toBe(String(bytes.length));

  // Its bytes can't be changed afterwards.
  expect((await open(rig, slug.blob.url, { method: 'PUT', body: await appTarball('other') })).status).toBe(409);

  const copy = await rig.createApp();
  const promoted = await release(copy, { slug: slug.id, description: 'Promote it\nby hand' });
  expect(promoted.description).toBe('Promote it by hand');
  await untilSettled(copy, promoted);
  await rig.api('DELETE', `/apps/${app.name}`);
  await rig.killServer();
  await rig.startServer();
  await rig.api('DELETE', `/apps/${copy.name}/dynos`);
  await eventually('the dyno', async () => (await copy.get()).body === 'handmade of web.1');
  await nothingLeftBehind(rig);
});

it('refuses slugs that are not plain apps, and takes a right one after them', async () => {
  const app = await rig.createApp();
  const slug = await createSlug(app);
  const put = (body: Uint8Array) => open(rig, slug.blob.url, { method: 'PUT', body });
  for (const [bytes, status, text] of [
    [await tarball(tinyApp('x')), 422, 'does not lie in ./app'],
    [rawTarball([{ name: './app/../../x', content: 'x' }]), 422, 'leads out of the archive'],
    [rawTarball([{ name: './app/x', type: '1', link: '/etc/passwd' }]), 422, 'is an absolute path'],
    [rawTarball([{ name: './app/disk', type: '3' }]), 422, 'is a device'],
    [Buffer.from('no tarball'), 422, 'not compressed with gzip'],
    [Buffer.alloc(5 * 1024 * 1024), 413, 'The slug is larger'],
  ] as const) {
    const answer = await put(bytes);
    expect([text, answer.status, answer.body]).toEqual([text, status, expect.stringContaining(text)]);
  }
  const other = await createSlug(app, { checksum: `SHA256:${'1'.repeat(64)}` });
  expect(await open(rig, other.blob.url, { method: 'PUT', body: await appTarball('x') })).toMatchObject({
    status: 422,
  });
  // Both are whole; the one that comes second is refused and leaves nothing.
  const both = await Promise.all([put(await appTarball('right')), put(await appTarball('right, too'))]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  for (const body of [{}, { process_types: [] }, { process_types: { 'a b': 'x' } }, { process_types: { web: 1 } }]) {
    expect((await rig.api('POST', `/apps/${app.name}/slugs`, body)).json).toMatchObject({ id: 'invalid_params' });
  }
  await nothingLeftBehind(rig);
});

it('streams the output of a release command, live and afterwards, and retries it', async () => {
  const app = await rig.createApp();
  const procfile =
    'web: exec python server.py\nrelease: echo migrating; test -z "$FAIL"; s=$?; echo done $s; exit $s\n';
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { FAIL: 'yes' });
  await pushTiny(app, 'one', { Procfile: procfile });
  const [build] = (await rig.api('GET', `/apps/${app.name}/builds`)).json as BuildJson[];
  const failed = (await rig.api('GET', `/apps/${app.name}/releases/4`)).json as ReleaseJson;
  expect(failed.status).toBe('failed');
  expect((await open(rig, failed.output_stream_url ?? '')).body).toBe('migrating\ndone 1\n');
  expect((await open(rig, build?.output_stream_url ?? '')).body).toContain('Running release command...');
  expect((await rig.api('GET', `/apps/${app.name}/formation`)).json).toMatchObject([{ type: 'release', quantity: 0 }]);

  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { FAIL: null });
  const retried = await release(app, { slug: build?.slug?.id, description: 'Retry of v4: Deploy' });
  const output = await eventually('the release command', async () => {
    const answer = await open(rig, retried.output_stream_url ?? '');
    return answer.status === 200 && answer.body;
  });
  expect(output).toBe('migrating\ndone 0\n');
  expect((await untilSettled(app, retried)).status).toBe('succeeded');
  await rig.killServer();
  await rig.startServer();
  expect((await open(rig, retried.output_stream_url ?? '')).body).toBe('migrating\ndone 0\n');
});
