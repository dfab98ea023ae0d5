import { request } from 'node:http';
import { expect, it } from '@jest/globals';
import { endpointTable, type Endpoint } from '../../../src/api/endpoint-table.ts';
import { publishedSchema, type JsonSchema } from '../../../src/api/published.ts';
import { apiRoutes } from '../../../src/api/routes.ts';
import { checkout } from '../../rig/platform-rig.ts';
import { ApiRig } from './api-rig.ts';

const endpoints = endpointTable(apiRoutes)
  .flatMap(({ methods }) => [...methods.values()])
  .filter(({ route }) => route !== null);

const uuid = '01234567-89ab-4def-8123-456789abcdef';

/** In place of every parameter but the app, and of the app too. */
const names = [
  'nope',
  uuid,
  '%00',
  '..%2f..%2fetc%2fpasswd',
  "'%20or%201=1--",
  '__proto__',
  'constructor',
  '%F0%9F%8E%88',
  '9'.repeat(400),
  'x'.repeat(1500),
  '-1',
];

const junk: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  'x'.repeat(5000),
  '\u0000',
  [],
  {},
  { id: 'x' },
  { __proto: 1 },
  [null],
  ['x'],
  [{}],
];

/** Whole bodies, as they stand. */
const bodies: readonly string[] = [
  '{',
  '[]',
  '"text"',
  'null',
  '7',
  '{"a":1e999}',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{}}}',
  '['.repeat(5000),
  `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`,
  '\u0000',
  '"'.repeat(10_000),
];

/** One wrong value for each field that the schema knows, and the body without each required one. */
function wrongBodies({ published }: Endpoint): readonly unknown[] {
  return (published?.requests ?? []).flatMap((schema) => {
    const fields = Object.keys(schema['properties'] ?? {});
    const single = fields.flatMap((field) => junk.map((value) => ({ [field]: value })));
    return [...single, ...junk.map((value) => Object.fromEntries(fields.map((field) => [field, value])))];
  });
}

class Accuser {
  readonly wrong: unknown[] = [];
  calls = 0;
  readonly #rig: ApiRig;
  readonly #secrets: readonly string[];

  constructor(rig: ApiRig, secrets: readonly string[]) {
    this.#rig = rig;
    this.#secrets = [...secrets, rig.token];
  }

  async call(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string> = {},
  ): Promise<void> {
    this.calls += 1;
    const { status, text } = await raw(this.#rig, method, path, body, headers);
    const complain = (what: string): void => {
      this.wrong.push([what, method, path.slice(0, 100), body?.slice(0, 200), status, text.slice(0, 400)]);
    };
    if (status >= 500 && status !== 501) complain('failed');
    if (status >= 400 && method !== 'HEAD') {
      const error = parse(text) as { id?: unknown; message?: unknown } | null;
      if (typeof error?.id !== 'string' || typeof error.message !== 'string') complain('no error of ours');
      if (/\bat \S+ \(|\.ts:\d|node_modules|node:internal/.test(text) || text.includes(checkout))
        complain('inner life');
      if (this.#secrets.some((secret) => text.includes(secret))) complain('secret');
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `fetch` would mend some of these paths. */
function raw(
  rig: ApiRig,
  method: string,
  path: string,
  body: string | Buffer | undefined,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(rig.url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: hostname,
        port,
        method,
        path,
        headers: {
          accept: 'application/vnd.heroku+json; version=3',
          authorization: `Bearer ${rig.token}`,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

async function furnish(rig: ApiRig): Promise<Accuser> {
  const app = await rig.createApp('victim');
  await rig.deploy(app);
  await rig.api('PATCH', '/apps/victim/config-vars', { PASSWORD: 'hunter2-of-the-app' });
  return new Accuser(rig, ['hunter2-of-the-app']);
}

/** The other parameters are unknown ones: what destroys finds nothing. */
const pathOf = (path: string, app: string, rest: string): string => path.replace(':app', app).replaceAll(/:\w+/g, rest);

it('answers odd names in every path with an error of its own', async () => {
  await using rig = await ApiRig.start();
  const accuser = await furnish(rig);
  for (const { method, path } of endpoints) {
    if (!path.includes(':')) continue;
    for (const name of names) {
      const body = method === 'GET' ? undefined : '{}';
      await accuser.call(method, pathOf(path, name, name), body);
      if (path.replace(':app', '').includes(':')) await accuser.call(method, pathOf(path, 'victim', name), body);
    }
  }
  for (const path of [
    '/%zz',
    '/apps/%zz',
    '/apps/%ff/dynos',
    '//apps',
    '/apps/',
    '/apps/victim//dynos',
    '/a?%zz',
    `/${'x'.repeat(10_000)}`,
  ]) {
    await accuser.call('GET', path, undefined);
  }
  expect(accuser.wrong).toEqual([]);
  expect(accuser.calls).toBeGreaterThan(500);
});

it('answers bodies of a wrong form, made from the published schema, with an error of its own', async () => {
  await using rig = await ApiRig.start();
  const accuser = await furnish(rig);
  for (const endpoint of endpoints) {
    const { method, path } = endpoint;
    if (method === 'GET' || (method === 'DELETE' && path === '/apps/:app')) continue;
    const url = pathOf(path, 'victim', 'web');
    for (const body of bodies) await accuser.call(method, url, body);
    for (const body of wrongBodies(endpoint)) await accuser.call(method, url, JSON.stringify(body));
    await accuser.call(method, url, `{"a":"${'x'.repeat(1024 * 1024)}"}`);
  }
  expect(accuser.wrong).toEqual([]);
  expect(accuser.calls).toBeGreaterThan(500);
});

it('refuses a field of the wrong type, and one that is missing, by name', async () => {
  await using rig = await ApiRig.start();
  await furnish(rig);
  let checked = 0;
  for (const { method, path, published, route } of endpoints) {
    const [schema, ...more] = published?.requests ?? [];
    if (schema === undefined || more.length > 0 || route?.access.is === 'public') continue;
    const fields = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
    for (const [field, about] of Object.entries(fields)) {
      const types = typesOf(about);
      if (types.length === 0 || types.includes('array')) continue;
      checked += 1;
      const answer = await rig.api(method, pathOf(path, 'victim', 'web'), { [field]: [{ odd: true }] });
      const { id, message } = answer.json as { id: string; message: string };
      if (id === 'not_implemented') continue;
      const isFieldNamed =
        message.includes(field) || /^The field \w+ is missing/.test(message) || answer.status === 404;
      expect([method, path, field, answer.status >= 400 && answer.status < 500, isFieldNamed, message]).toEqual([
        method,
        path,
        field,
        true,
        true,
        message,
      ]);
    }
    for (const field of (schema['required'] ?? []) as readonly string[]) {
      const answer = await rig.api(method, pathOf(path, 'victim', 'web'), {});
      const { id, message } = answer.json as { id: string; message: string };
      if (id === 'not_implemented' || answer.status === 404 || answer.status < 300) continue;
      expect([method, path, answer.status, message]).toEqual([
        method,
        path,
        422,
        expect.stringMatching(/missing|must be/),
      ]);
      expect([method, path, field, message.length > 10]).toEqual([method, path, field, true]);
    }
  }
  expect(checked).toBeGreaterThan(20);
});

/** Of a field, through one reference. */
function typesOf(schema: JsonSchema): readonly unknown[] {
  const { $ref, type } = schema;
  if (typeof $ref !== 'string') return Array.isArray(type) ? type : [];
  const found = $ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, part) => (at as JsonSchema)[part], publishedSchema());
  const { type: types } = found as JsonSchema;
  return Array.isArray(types) ? types : [];
}

it('answers odd headers with an error of its own', async () => {
  await using rig = await ApiRig.start();
  const accuser = await furnish(rig);
  for (const { method, path } of endpoints) {
    if (method !== 'GET') continue;
    const url = pathOf(path, 'victim', 'web');
    for (const range of [
      'id',
      'nothing ..',
      'id ]..',
      'id ..; max=x',
      'id ..; order=up',
      'version 99999999999999999999..',
      'id \u00e9..',
      '..',
      'bytes=0-1',
    ]) {
      await accuser.call(method, url, undefined, { range });
    }
    for (const accept of [
      '',
      '*/*',
      'application/vnd.heroku+json; version=2',
      'application/vnd.heroku+json; version=33',
      'text/html',
      ',,;;',
    ]) {
      await accuser.call(method, url, undefined, { accept });
    }
    for (const odd of ['TRACE', 'PROPFIND', 'x y', '__proto__']) {
      await accuser.call('POST', url, undefined, { 'x-http-method-override': odd });
    }
    await accuser.call(method, url, undefined, {
      'if-none-match': '"'.repeat(100),
      'request-id': 'x'.repeat(5000),
      'accept-encoding': 'gzip;q=0, br',
    });
  }
  expect(accuser.wrong).toEqual([]);
});

it('refuses bytes that are no text', async () => {
  await using rig = await ApiRig.start();
  await furnish(rig);
  const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.of(0xc3, 0x28, 0xff), Buffer.from('"}')]);
  const { status, text } = await raw(rig, 'POST', '/apps', body, {});
  expect([status, JSON.parse(text)]).toEqual([
    400,
    { id: 'bad_request', message: 'The request body is not valid UTF-8.' },
  ]);
});

it('does not wait for ever for a body that trickles, and answers why', async () => {
  await using rig = await ApiRig.start({ bodyMs: 400 });
  const outgoing = request(`${rig.url}/apps`, {
    method: 'POST',
    headers: {
      accept: 'application/vnd.heroku+json; version=3',
      authorization: `Bearer ${rig.token}`,
      'content-length': 900,
    },
  });
  const drip = setInterval(() => outgoing.write(' '), 50);
  try {
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      outgoing.once('error', reject);
      outgoing.once('response', (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.once('close', () => {
          resolve({ status: response.statusCode, text });
        });
      });
    });
    expect(answer.status).toBe(408);
    expect(JSON.parse(answer.text)).toMatchObject({ id: 'request_timeout' });
  } finally {
    clearInterval(drip);
    outgoing.destroy();
  }
  expect((await rig.api('POST', '/apps', { name: 'still-there' })).status).toBe(201);
});
