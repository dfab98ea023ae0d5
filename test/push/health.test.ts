import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually, PlatformRig } from '../rig/platform-rig.ts';
import { pushTiny } from '../rig/tiny-app.ts';

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());

async function readMetrics(): Promise<ReadonlyMap<string, number>> {
  const answer = await rig.request('localhost', '/metrics', { headers: { authorization: `Bearer ${rig.token}` } });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const samples = answer.body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  // A name that is told twice, or a line that is no sample, makes Prometheus refuse the whole.
  const parsed = samples.map((line) => /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line));
  expect(parsed).not.toContain(null);
  const series = parsed.map((match) => match?.[1] ?? '');
  expect(new Set(series).size).toBe(series.length);
  return new Map(parsed.map((match) => [match?.[1] ?? '', Number(match?.[2])]));
}

it('counts requests, errors, builds and dynos for Prometheus, and the counts of requests outlive the control plane', async () => {
  const app = await rig.createApp();
  expect((await pushTiny(app, 'one')).exitCode).toBe(0);
  for (let n = 0; n < 5; n++) expect((await app.get(`/?n=${n}`)).status).toBe(200);
  await rig.api('PATCH', `/apps/${app.name}`, { maintenance: true });
  expect((await app.get()).status).toBe(503);

  const before = await readMetrics();
  expect(before.get(`hokku_http_requests_total{app="${app.name}",status="2xx"}`)).toBe(5);
  expect(before.get(`hokku_http_requests_total{app="${app.name}",status="5xx"}`)).toBe(1);
  expect(before.get(`hokku_router_errors_total{app="${app.name}",code="H80"}`)).toBe(1);
  expect(before.get(`hokku_http_request_duration_seconds_count{app="${app.name}"}`)).toBe(6);
  expect(before.get('hokku_builds_total{result="succeeded"}')).toBe(1);
  expect(before.get('hokku_releases_total{result="live"}')).toBeGreaterThanOrEqual(1);
  expect(before.get(`hokku_dynos{app="${app.name}",type="web",state="up"}`)).toBe(1);
  const web = `{app="${app.name}",type="web",dyno="web.1"}`;
  expect(before.get(`hokku_dyno_memory_bytes${web}`)).toBeGreaterThan(2 ** 20);
  expect(before.get(`hokku_dyno_cpu_seconds${web}`)).toBeGreaterThan(0);
  expect(before.get('hokku_disk_free_bytes')).toBeGreaterThan(0);
  expect(before.get('hokku_platform_requests_total{door="git",status="2xx"}')).toBeGreaterThan(0);

  await rig.killServer();
  expect((await app.get()).status).toBe(503);
  await rig.startServer();
  const after = await readMetrics();
  expect(after.get(`hokku_http_requests_total{app="${app.name}",status="5xx"}`)).toBe(2);
  expect(after.get(`hokku_http_requests_total{app="${app.name}",status="2xx"}`)).toBe(5);

  await rig.api('PATCH', `/apps/${app.name}`, { name: `${app.name}-b` });
  await rig.request(`${app.name}-b.localhost`);
  const renamed = [...(await readMetrics()).keys()].filter((series) => series.includes('app="'));
  expect(renamed.filter((series) => series.includes(`app="${app.name}"`))).toEqual([]);
  expect(renamed).toContain(`hokku_http_requests_total{app="${app.name}-b",status="5xx"}`);
});

it('shows the metrics to the operator only', async () => {
  const other = (await rig.api('POST', '/accounts', { email: 'ada@example.com' })).json as { token?: string };
  const tokens = ['', 'Bearer wrong', `Bearer ${other.token ?? 'none'}`];
  for (const authorization of tokens) {
    const answer = await rig.request('localhost', '/metrics', { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.body).not.toMatch(/hokku_|^# /m);
  }
});

it('is not ready while its data folder can not be written, and says why to the operator only', async () => {
  const asOperator = { authorization: `Bearer ${rig.token}` };
  expect(await rig.request('localhost', '/readyz')).toMatchObject({ status: 200, body: '{"status":"ready"}' });
  await makeReadOnly(rig.dataDir);
  try {
    await eventually('not ready', async () => (await rig.request('localhost', '/readyz')).status === 503);
    expect((await rig.request('localhost', '/readyz')).body).toBe('{"status":"not ready"}');
    const told = await rig.request('localhost', '/readyz', { headers: asOperator });
    expect(told.body).toContain("The data folder can't be written to: E");
    expect((await rig.request('localhost', '/healthz')).status).toBe(200);
  } finally {
    await makeWritable(rig.dataDir);
  }
  expect(rig.platformLog.match(/not ready/g)).toHaveLength(1);
  await eventually('ready', async () => (await rig.request('localhost', '/readyz')).status === 200);
});

/** Root may write whatever the mode is, so its folder is mounted over itself. */
const isRoot = process.getuid?.() === 0;

async function makeReadOnly(dir: string): Promise<void> {
  if (!isRoot) return chmod(dir, 0o555);
  execFileSync('mount', ['--bind', dir, dir]);
  execFileSync('mount', ['-o', 'remount,bind,ro', dir]);
}

async function makeWritable(dir: string): Promise<void> {
  if (!isRoot) return chmod(dir, 0o711);
  execFileSync('umount', [dir]);
}
