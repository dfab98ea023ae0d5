import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { expect, it } from '@jest/globals';
import { RateLimit } from '../../../src/api/rate-limit.ts';
import type { AccountId } from '../../../src/model/ids.ts';
import { ApiRig } from './api-rig.ts';

it('serves any variant of version 3, and says what to send to who asks for another or for none', async () => {
  await using rig = await ApiRig.start();
  const status = async (accept: string) => (await rig.api('GET', '/account', undefined, { accept })).status;
  for (const variant of ['3', '3.sdk', '3.review-apps', '3.team-invitations', '3.fir', '"3"']) {
    expect([variant, await status(`application/vnd.heroku+json; version=${variant}`)]).toEqual([variant, 200]);
  }
  expect(await status('text/html, application/vnd.heroku+json;version=3;q=0.5')).toBe(200);
  for (const other of [
    '*/*',
    'application/json',
    'application/vnd.heroku+json',
    'application/vnd.heroku+json; version=2',
    'application/vnd.heroku+json; version=30',
  ]) {
    expect(await rig.api('GET', '/account', undefined, { accept: other })).toMatchObject({
      status: 406,
      json: {
        id: 'not_acceptable',
        message: expect.stringContaining('Accept: application/vnd.heroku+json; version=3'),
      },
    });
  }
  expect((await rig.api('GET', '/schema', undefined, { accept: '*/*', authorization: '' })).status).toBe(200);
});

it('tells apart what is not known, not offered, and not to be done with it', async () => {
  await using rig = await ApiRig.start();
  expect(await rig.api('GET', '/enterprise-accounts')).toMatchObject({
    status: 501,
    json: {
      id: 'not_implemented',
      message: "GET /enterprise-accounts is part of Heroku's Platform API and not offered by this platform.",
    },
  });
  const wrong = await rig.api('DELETE', '/regions');
  expect(wrong).toMatchObject({ status: 405, json: { id: 'method_not_allowed' } });
  expect(wrong.headers.get('allow')).toBe('GET');
  expect(await rig.api('GET', '/apps/none/such/thing')).toMatchObject({ status: 404, json: { id: 'not_found' } });
  expect((await rig.api('GET', '/nothing', undefined, { accept: '*/*' })).status).toBe(404);
  for (const path of ['/enterprise-accounts', '/regions', '/nothing']) {
    expect((await rig.api('DELETE', path, undefined, { authorization: '' })).status).toBe(401);
  }
  await rig.createApp('overridden');
  const changed = await rig.api(
    'POST',
    '/apps/overridden',
    { maintenance: true },
    { 'x-http-method-override': 'patch' },
  );
  expect([changed.status, changed.json]).toEqual([200, expect.objectContaining({ maintenance: true })]);
  expect((await rig.api('POST', '/apps/overridden', {}, { 'x-http-method-override': 'PUT' })).status).toBe(405);

  const preflight = await fetch(`${rig.url}/apps`, { method: 'OPTIONS', headers: { origin: 'https://example.com' } });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
});

it('tags what was read, answers 304 to who has it, and refuses a change of what has changed since', async () => {
  await using rig = await ApiRig.start();
  await rig.createApp('tagged');
  const read = await rig.api('GET', '/apps/tagged');
  const etag = read.headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\da-f]{32}"$/);
  expect((await rig.api('GET', '/apps/tagged')).headers.get('etag')).toBe(etag);
  const again = await rig.api('GET', '/apps/tagged', undefined, { 'if-none-match': `"x", W/${etag}` });
  expect([again.status, again.json, again.headers.get('etag')]).toEqual([304, null, etag]);

  const change = (match: string) => rig.api('PATCH', '/apps/tagged', { maintenance: true }, { 'if-match': match });
  expect(await change('"0123"')).toMatchObject({ status: 412, json: { id: 'precondition_failed' } });
  expect((await rig.api('GET', '/apps/tagged')).json).toMatchObject({ maintenance: false });
  expect(await change(etag)).toMatchObject({ status: 200, json: { maintenance: true } });
  expect((await change(etag)).status).toBe(412);
  expect((await rig.api('DELETE', '/apps/tagged/dynos', undefined, { 'if-match': '*' })).status).toBe(202);
});

it('keeps the ids of requests, and packs what is long for who asks for it', async () => {
  await using rig = await ApiRig.start();
  const uuid = /^[\da-f]{8}-[\da-f-]{27}$/;
  const ids = async (given: string) =>
    (await rig.api('GET', '/account', undefined, { 'request-id': given })).headers.get('request-id')?.split(',') ?? [];
  expect(await ids('abc-1,abc-2')).toEqual(['abc-1', 'abc-2', expect.stringMatching(uuid)]);
  expect(await ids(Array.from({ length: 190 }, () => crypto.randomUUID()).join(','))).toEqual([
    expect.stringMatching(uuid),
  ]);

  const packed = await rawBytes(rig, '/dyno-sizes', { 'accept-encoding': 'br, gzip;q=0.8' });
  expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': String(packed.body.length) });
  const plain = await rawBytes(rig, '/dyno-sizes', { 'accept-encoding': 'gzip;q=0' });
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(gunzipSync(packed.body).toString()).toBe(plain.body.toString());
  expect(packed.headers['etag']).toBe(plain.headers['etag']);
});

function rawBytes(
  rig: ApiRig,
  path: string,
  headers: Record<string, string>,
): Promise<{ headers: Record<string, unknown>; body: Buffer }> {
  const accept = 'application/vnd.heroku+json; version=3';
  return new Promise((resolve, reject) => {
    const url = new URL(path, rig.url);
    const outgoing = request(
      url,
      { headers: { accept, authorization: `Bearer ${rig.token}`, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          resolve({ headers: response.headers, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}

it('pages lists by the published fields, and refuses ranges that a list has not', async () => {
  await using rig = await ApiRig.start();
  for (const name of ['one', 'three', 'two']) await rig.createApp(name);
  const list = async (range: string, path = '/apps') => {
    const answer = await rig.api('GET', path, undefined, { range });
    const names = Array.isArray(answer.json)
      ? (answer.json as { name: string }[]).map(({ name }) => name)
      : answer.json;
    return { status: answer.status, names, next: answer.headers.get('next-range'), all: answer.headers };
  };
  const first = await list('name ..; max=2');
  expect(first).toMatchObject({ status: 206, names: ['one', 'three'], next: 'name ]three..; max=2, order=asc' });
  expect(first.all.get('content-range')).toBe('name one..three');
  expect(first.all.get('accept-ranges')).toBe('id, name, updated_at');
  expect(await list(first.next ?? '')).toMatchObject({ status: 200, names: ['two'], next: null });
  expect(await list('name one..three; order=desc')).toMatchObject({ names: [] });
  expect(await list('name ..; order=desc,max=1')).toMatchObject({ status: 206, names: ['two'] });
  for (const bad of ['color ..', 'name ..; order=up', 'name ..; max=many']) {
    expect(await list(bad)).toMatchObject({ status: 416, names: { id: 'requested_range_not_satisfiable' } });
  }
  expect(await list('name ..; max=3', '/dyno-sizes')).toMatchObject({ status: 206, names: { length: 3 } });
});

it('gives every account its own requests per hour, and they come back evenly', async () => {
  let now = 0;
  const [ada, bob] = ['ada', 'bob'] as AccountId[] as [AccountId, AccountId];
  const limit = new RateLimit(3600, () => now);
  for (let n = 0; n < 3600; n += 1) expect(limit.take(ada)).toBe(true);
  expect([limit.take(ada), limit.remaining(ada), limit.waitSeconds(ada), limit.take(bob)]).toEqual([false, 0, 1, true]);
  now += 2500;
  expect([limit.take(ada), limit.take(ada), limit.take(ada)]).toEqual([true, true, false]);
  now += 10 * 3_600_000;
  expect(limit.remaining(ada)).toBe(3600);

  await using rig = await ApiRig.start({ hourlyLimit: 3 });
  const remaining = async (path: string) => {
    const answer = await rig.api('GET', path);
    return [answer.status, answer.headers.get('ratelimit-remaining')];
  };
  expect(await remaining('/account')).toEqual([200, '2']);
  expect((await rig.api('GET', '/account/rate-limits')).json).toEqual({ remaining: 2 });
  expect(await remaining('/account')).toEqual([200, '1']);
  expect(await remaining('/nothing')).toEqual([404, '0']);
  const refused = await rig.api('GET', '/account');
  expect(refused).toMatchObject({ status: 429, json: { id: 'rate_limit' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(100);
  expect((await rig.api('GET', '/account/rate-limits')).json).toEqual({ remaining: 0 });
});
