import { request } from 'node:http';
import { expect, it } from '@jest/globals';
import type { LogLine } from '../../../src/model/log.ts';
import { ApiRig, type ApiAnswer } from './api-rig.ts';

const line = (message: string, more: Partial<LogLine> = {}): LogLine => ({
  atMicros: 1_284_650_026_677_020n,
  source: 'app',
  process: 'web.1',
  message,
  ...more,
});

it('asks every request for a token, as Bearer or as the password of Basic', async () => {
  await using rig = await ApiRig.start();
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const status = async (authorization: string) =>
    (await rig.api('GET', '/account', undefined, { authorization })).status;

  expect(await status(`Bearer ${rig.token}`)).toBe(200);
  expect(await status(basic(`:${rig.token}`))).toBe(200);
  expect(await status(basic(`anyone:${rig.token}`))).toBe(200);
  for (const wrong of ['', 'Bearer', 'Bearer undefined', basic(rig.token), basic(`${rig.token}:`), 'Digest x']) {
    expect([wrong, await status(wrong)]).toEqual([wrong, 401]);
  }
  for (const path of ['/apps', '/apps/x/dynos', '/nothing/here']) {
    const answer = await rig.api('GET', path, undefined, { authorization: 'Bearer nope' });
    expect([answer.status, answer.json]).toEqual([
      401,
      { id: 'unauthorized', message: 'Invalid credentials provided.' },
    ]);
    expect(answer.headers.get('request-id')).toMatch(/^[\da-f-]{36}$/);
  }
});

it('creates, lists, changes and destroys apps', async () => {
  await using rig = await ApiRig.start();
  const created = await rig.api('POST', '/apps', { name: 'quiet-meadow', region: 'us', unknown: { field: 1 } });
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({
    name: 'quiet-meadow',
    owner: { email: 'admin@localhost' },
    stack: { name: 'heroku-24' },
    region: { name: 'us' },
    generation: { name: 'cedar' },
    repo_size: null,
    slug_size: null,
    released_at: null,
    maintenance: false,
  });
  const { id, git_url, web_url } = created.json as { id: string; git_url: string; web_url: string };
  expect(git_url).toMatch(/^https:\/\/localhost:\d+\/quiet-meadow\.git$/);
  expect(web_url).toMatch(/^http:\/\/quiet-meadow\.localhost:\d+\/$/);
  expect(await rig.api('GET', `/apps/${id}`)).toMatchObject({ status: 200, json: created.json as object });
  expect((await rig.api('GET', '/users/~/apps')).json).toEqual([created.json]);

  expect((await rig.api('POST', '/apps', { name: 'quiet-meadow' })).status).toBe(422);
  expect(await rig.api('POST', '/apps', { name: 7 })).toMatchObject({
    status: 422,
    json: { id: 'invalid_params', message: 'Invalid value for name: it must be a string.' },
  });
  expect((await rig.api('POST', '/apps', { stack: 'heroku-16' })).json).toMatchObject({ id: 'invalid_params' });
  expect((await rig.api('POST', '/apps', '{"name": ')).json).toMatchObject({ id: 'bad_request' });
  expect((await rig.api('POST', '/apps', ['x'])).json).toMatchObject({ id: 'bad_request' });
  expect(await rig.api('POST', '/apps', { name: 'x'.repeat(1024 * 1024) })).toMatchObject({
    status: 413,
    json: { id: 'request_too_large' },
  });

  const changed = await rig.api('PATCH', '/apps/quiet-meadow', { name: 'loud-meadow', maintenance: true });
  expect(changed.json).toMatchObject({ id, name: 'loud-meadow', maintenance: true });
  expect(await rig.api('GET', '/apps/quiet-meadow')).toMatchObject({
    status: 404,
    json: { id: 'not_found', message: "Couldn't find that app.", resource: 'app' },
  });
  expect((await rig.api('DELETE', '/apps/loud-meadow')).json).toMatchObject({ id, name: 'loud-meadow' });
  expect((await rig.api('GET', '/apps')).json).toEqual([]);
});

it('changes config vars, each change a release that is there at once', async () => {
  await using rig = await ApiRig.start();
  await rig.createApp('vars');
  const set = await rig.api('PATCH', '/apps/vars/config-vars', { FOO: 'bar', GONE: 'x' });
  expect([set.status, set.json]).toEqual([200, { FOO: 'bar', GONE: 'x' }]);
  const newest = await rig.api('GET', '/apps/vars/releases', undefined, { range: 'version ..; order=desc,max=1' });
  expect(newest.json).toMatchObject([
    { version: 3, description: 'Set FOO, GONE config vars', status: 'succeeded', current: true, slug: null },
  ]);
  expect((await rig.api('PATCH', '/apps/vars/config-vars', { GONE: null })).json).toEqual({ FOO: 'bar' });
  expect((await rig.api('GET', '/apps/vars/config-vars')).json).toEqual({ FOO: 'bar' });
  expect((await rig.api('GET', '/apps/vars/releases/3/config-vars')).json).toEqual({ FOO: 'bar', GONE: 'x' });

  const refused = await rig.api('PATCH', '/apps/vars/config-vars', { SECRET: { deep: 'hunter2' } });
  expect(refused).toMatchObject({ status: 422, json: { id: 'invalid_params' } });
  expect(JSON.stringify(refused.json)).toContain('SECRET');
  expect(JSON.stringify(refused.json)).not.toContain('hunter2');
});

it('scales with numbers, texts and changes, all updates or none', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('sized');
  await rig.deploy(app);
  const scale = (...updates: unknown[]) => rig.api('PATCH', '/apps/sized/formation', { updates });
  const quantities = async () =>
    ((await rig.api('GET', '/apps/sized/formation')).json as { type: string; quantity: number; size: string }[]).map(
      ({ type, quantity, size }) => `${type}=${quantity}:${size}`,
    );

  expect(
    (await scale({ type: 'web', quantity: '2' }, { type: 'worker', quantity: '+3', size: 'STANDARD-2x' })).json,
  ).toHaveLength(2);
  expect(await quantities()).toEqual(['web=2:Basic', 'worker=3:Standard-2X']);
  await scale({ type: 'web', quantity: 1 }, { type: 'worker', quantity: '-1' });
  expect(await quantities()).toEqual(['web=1:Basic', 'worker=2:Standard-2X']);

  expect(await scale({ type: 'web', quantity: 5 }, { type: 'nope', quantity: 1 })).toMatchObject({
    status: 404,
    json: { id: 'not_found', message: "Couldn't find that process type (nope)." },
  });
  for (const update of [
    { type: 'web', quantity: 101 },
    { type: 'web', quantity: '-5' },
    { type: 'web', quantity: 1.5 },
    { type: 'web', quantity: 'many' },
    { type: 'web', size: 'huge' },
    { quantity: 1 },
  ]) {
    expect([update, (await scale(update)).status]).toEqual([update, 422]);
  }
  expect(await quantities()).toEqual(['web=1:Basic', 'worker=2:Standard-2X']);
  expect((await rig.api('PATCH', '/apps/sized/formation/worker', { quantity: 0 })).json).toMatchObject({ quantity: 0 });
});

it('shows, restarts and stops dynos', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('dynos');
  const release = await rig.deploy(app);
  const dynos = await rig.api('GET', '/apps/dynos/dynos');
  expect(dynos.json).toMatchObject([
    {
      name: 'web.1',
      type: 'web',
      command: 'python app.py',
      size: 'Basic',
      state: 'up',
      attach_url: null,
      release: { version: release.version },
    },
  ]);
  for (const [method, path] of [
    ['DELETE', '/dynos'],
    ['DELETE', '/dynos/web.1'],
    ['DELETE', '/dynos/web'],
    ['DELETE', '/formations/web'],
    ['POST', '/dynos/web.1/actions/stop'],
    ['POST', '/formations/web/actions/stop'],
  ] as const) {
    const answer = await rig.api(method, `/apps/dynos${path}`, undefined, { 'content-type': 'application/json' });
    expect([path, answer.status]).toEqual([path, 202]);
  }
  expect((await rig.api('DELETE', '/apps/dynos/dynos/web.7')).status).toBe(404);
});

it('starts one-off dynos, attached ones behind a secret of their own, and refuses what makes no sense', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('runs');
  const post = (body: unknown): Promise<ApiAnswer> => rig.api('POST', '/apps/runs/dynos', body);
  expect(await post({ command: 'bash', attach: true })).toMatchObject({
    status: 422,
    json: { id: 'invalid_params', message: expect.stringContaining('no code yet') },
  });
  await rig.deploy(app);

  const env = { TERM: 'xterm', COLUMNS: 90, LINES: null };
  const suffix = ' ; echo "\uFFFF heroku-command-exit-status: $?"';
  const attached = await post({ command: `worker -v${suffix}`, attach: true, env, size: 'standard-2X' });
  const secret = /^rendezvous:\/\/127\.0\.0\.1:\d+\/(run-[\w-]{43})$/;
  expect(attached).toMatchObject({
    status: 201,
    json: {
      name: expect.stringMatching(/^run\.\d{4}$/),
      type: 'run',
      command: 'python worker.py -v',
      size: 'Standard-2X',
      state: 'starting',
      attach_url: expect.stringMatching(secret),
    },
  });
  const { name, id, attach_url: url } = attached.json as Record<string, string>;
  expect((await rig.api('GET', '/apps/runs/dynos')).json).toMatchObject([
    { name, attach_url: null },
    { name: 'web.1' },
  ]);
  expect((await rig.api('GET', `/apps/runs/dynos/${id}`)).json).toMatchObject({ name, state: 'starting' });
  expect((await rig.api('POST', `/apps/runs/dynos/${name}/actions/stop`)).status).toBe(202);
  expect((await rig.api('GET', `/apps/runs/dynos/${name}`)).status).toBe(404);
  expect(rig.platform.attachments.claim(secret.exec(url ?? '')?.[1] ?? '')).toBeNull();

  const detached = await post({ command: 'rake task', type: 'job' });
  expect(detached).toMatchObject({
    status: 201,
    json: { name: expect.stringMatching(/^job\.\d{4}$/), attach_url: null },
  });

  for (const [field, body] of [
    ['command', {}],
    ['command', { command: ' ' }],
    ['command', { command: 'a\0b' }],
    ['command', { command: 'x'.repeat(70_000) }],
    ['attach', { command: 'a', attach: 'yes' }],
    ['size', { command: 'a', size: 'gigantic' }],
    ['type', { command: 'a', type: '../etc' }],
    ['time_to_live', { command: 'a', time_to_live: 100_000 }],
    ['env', { command: 'a', env: ['A=1'] }],
    ['env', { command: 'a', env: { 'A=B': '1' } }],
    ['env', { command: 'a', env: { A: {} } }],
    ['env', { command: 'a', env: { A: 'x'.repeat(70_000) } }],
  ] as const) {
    const answer = await post(body);
    expect([field, answer.status, (answer.json as { message: string }).message]).toEqual([
      field,
      422,
      expect.stringMatching(new RegExp(`^(Invalid value for|The field) ${field}\\b`)),
    ]);
  }
});

it('pages through releases, and offers a next page only when there is one', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('paged');
  for (let i = 0; i < 3; i += 1) await rig.deploy(app);
  const versions = async (range: string) => {
    const answer = await rig.api('GET', '/apps/paged/releases', undefined, { range });
    const all = (answer.json as { version: number }[]).map(({ version }) => version);
    return [answer.status, all, answer.headers.get('next-range')];
  };
  expect(await versions('version ..; max=2, order=desc')).toEqual([206, [5, 4], 'version ]4..; max=2, order=desc']);
  expect(await versions('version ]4..; max=2, order=desc')).toEqual([206, [3, 2], 'version ]2..; max=2, order=desc']);
  expect(await versions('version ]2..; max=2, order=desc')).toEqual([200, [1], null]);
  expect(await versions('version ..; order=desc,max=5')).toEqual([200, [5, 4, 3, 2, 1], null]);
  expect(await versions('id ..; max=1000;')).toMatchObject([200, { length: 5 }, null]);
  expect(await versions('version 2..3')).toEqual([200, [2, 3], null]);
  for (const odd of ['', 'nonsense', '; ;;max=0', 'version ..; max=99999999']) {
    expect([odd, (await versions(odd))[0]]).toEqual([odd, odd.includes('max=0') ? 206 : 200]);
  }
});

it('rolls back to a release by id or version', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('back');
  const first = await rig.deploy(app);
  await rig.deploy(app);
  const rolled = await rig.api('POST', '/apps/back/releases', { release: first.id });
  expect(rolled).toMatchObject({ status: 201, json: { version: 5, description: 'Rollback to v3' } });
  expect((await rig.api('POST', '/apps/back/releases', { release: 4 })).status).toBe(201);
  expect((await rig.api('POST', '/apps/back/releases', { release: 'v1' })).status).toBe(422);
  expect((await rig.api('POST', '/apps/back/releases', { release: 77 })).status).toBe(404);
  expect((await rig.api('POST', '/apps/back/releases', {})).status).toBe(422);
  const newest = await rig.api('GET', '/apps/back/releases/6');
  const slug = (newest.json as { slug: { id: string } }).slug.id;
  expect((await rig.api('GET', `/apps/back/slugs/${slug}`)).json).toMatchObject({
    size: 1_234_567,
    process_types: { web: 'python app.py' },
  });
});

it('keeps the buildpacks of an app in order', async () => {
  await using rig = await ApiRig.start();
  await rig.createApp('packs');
  const put = (...buildpacks: unknown[]) =>
    rig.api(
      'PUT',
      '/apps/packs/buildpack-installations',
      { updates: buildpacks.map((buildpack) => ({ buildpack })) },
      { range: '' },
    );
  expect((await put('heroku/python', 'https://example.com/a/b.git', 'urn:buildpack:heroku/nodejs')).json).toEqual([
    { ordinal: 0, buildpack: { name: 'heroku/python', url: 'urn:buildpack:heroku/python' } },
    { ordinal: 1, buildpack: { name: 'https://example.com/a/b.git', url: 'https://example.com/a/b.git' } },
    { ordinal: 2, buildpack: { name: 'heroku/nodejs', url: 'urn:buildpack:heroku/nodejs' } },
  ]);
  for (const wrong of ['python', 'file:///etc/passwd', 'ext::sh -c id', '--upload-pack=x', '../../x', 3, null]) {
    expect([wrong, (await put(wrong)).status]).toEqual([wrong, 422]);
  }
  expect((await put()).json).toEqual([]);
});

it('answers what the CLI asks on the side truthfully', async () => {
  await using rig = await ApiRig.start();
  await rig.createApp('side');
  const get = async (path: string) => (await rig.api('GET', path)).json;
  for (const path of ['/teams', '/account/features', '/apps/side/addons', '/addon-attachments', '/apps/side/builds']) {
    expect([path, await get(path)]).toEqual([path, []]);
  }
  expect(await rig.api('GET', '/apps/side/pipeline-couplings')).toMatchObject({ status: 404 });
  expect(await get('/apps/side/collaborators')).toMatchObject([{ role: 'owner', user: { email: 'admin@localhost' } }]);
  expect(await get('/apps/side/domains')).toMatchObject([{ hostname: 'side.localhost', kind: 'heroku', cname: null }]);
  expect(await get('/stacks')).toMatchObject([{ name: 'heroku-24', state: 'public' }]);
  expect(await get('/regions/us')).toMatchObject({ name: 'us', private_capable: false });
  expect(await get('/dyno-sizes/basic')).toMatchObject({ name: 'Basic', memory: 0.5 });
  expect(await rig.api('GET', '/no/such/thing?token=secret')).toMatchObject({
    status: 404,
    json: { id: 'not_found', message: 'This platform has no GET /no/such/thing. Check the path and the method.' },
  });
});

it('serves a log session as an event stream or as text, at the host where the API was reached', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('logged');
  rig.platform.logplex.append(app.id, [line('one'), line('two'), line('three', { process: 'worker.1' })]);
  const session = async (body: object) =>
    (await rig.api('POST', '/apps/logged/log-sessions', body)).json as { logplex_url: string };

  const { logplex_url: url } = await session({ lines: 1, dyno: 'web', source: 'app' });
  expect(url.startsWith(`${rig.url}/sessions/`)).toBe(true);
  const text = await fetch(url);
  expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(await text.text()).toBe('2010-09-16T15:13:46.677020+00:00 app[web.1]: two\n');

  const events = await fetch((await session({ lines: 2, dyno: 'web' })).logplex_url, {
    headers: { accept: 'text/event-stream' },
  });
  expect(events.headers.get('content-type')).toBe('text/event-stream');
  const body = await events.text();
  expect(body.match(/^data: .*$/gm)).toEqual([
    'data: 2010-09-16T15:13:46.677020+00:00 app[web.1]: one',
    'data: 2010-09-16T15:13:46.677020+00:00 app[web.1]: two',
  ]);
  expect(body.match(/^id: \d+$/gm)).toHaveLength(2);
  // The official CLI waits this long before it ends, and 3 s if it is not told.
  expect(body).toMatch(/^retry: 1\n\n/);

  expect((await fetch(`${rig.url}/sessions/nope`)).status).toBe(404);
  expect((await rig.api('POST', '/apps/logged/log-sessions', { lines: 'x' })).status).toBe(422);
  expect((await rig.api('POST', '/apps/logged/log-sessions', { source: 'postgres' })).status).toBe(422);
  const warned = await rig.api('POST', '/apps/logged/log-sessions', { lines: 2000 });
  expect(warned.headers.get('x-heroku-warning')).toContain('1500');
});

it('tails a log, waits for a slow client without holding up the writer, and resumes behind the last id', async () => {
  await using rig = await ApiRig.start();
  const app = await rig.createApp('tailed');
  const { logplex } = rig.platform;
  logplex.append(app.id, [line('backlog')]);
  const created = await rig.api('POST', '/apps/tailed/log-sessions', { lines: 1, tail: true });
  const url = (created.json as { logplex_url: string }).logplex_url;

  const tail = openTail(url);
  await tail.until('backlog');
  logplex.append(app.id, [line('live')]);
  await tail.until('live');
  const lastId = tail
    .text()
    .match(/^id: (\d+)$/gm)
    ?.at(-1)
    ?.slice(4);
  tail.stop();
  logplex.append(app.id, [line('missed')]);

  const again = openTail(url, lastId);
  await again.until('missed');
  expect(again.text().match(/^data: /gm)).toHaveLength(1);
  again.pause();
  const flood = Array.from({ length: 1000 }, () => line('x'.repeat(1000)));
  for (let i = 0; i < 30; i += 1) {
    logplex.append(app.id, flood);
    await logplex.flush();
  }
  logplex.append(app.id, [line('the end')]);
  again.resume();
  await again.until('the end');
  expect(again.text()).toMatch(/Error L11 \(Tail buffer overflow\) -> This tail session dropped \d+ messages since/);
  again.stop();
});

function openTail(url: string, lastEventId?: string) {
  let text = '';
  const outgoing = request(url, {
    headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
  });
  let pause = (): void => undefined;
  let resume = (): void => undefined;
  outgoing.on('response', (response) => {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('error', () => undefined);
    pause = () => {
      response.pause();
    };
    resume = () => {
      response.resume();
    };
  });
  outgoing.on('error', () => undefined);
  outgoing.end();
  return {
    text: () => text,
    pause: () => {
      pause();
    },
    resume: () => {
      resume();
    },
    stop: () => {
      outgoing.destroy();
    },
    async until(wanted: string): Promise<void> {
      const deadline = Date.now() + 60_000;
      while (!text.includes(wanted)) {
        if (Date.now() > deadline) throw new Error(`${JSON.stringify(wanted)} did not come: ${text.slice(-500)}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}
