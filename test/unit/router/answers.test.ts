import { expect, it } from '@jest/globals';
import { RouterRig, route, target } from './router-rig.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f-]{27}';
const anUuid = new RegExp(`^${uuid}$`);

it('sends a request to a dyno of the app at its host, and logs it in the format of Heroku', async () => {
  await using rig = await RouterRig.start();
  const dyno = await rig.dyno((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Set-Cookie', ['a=1', 'b=2']);
    response.end(JSON.stringify({ url: request.url, headers: request.headers, method: request.method }));
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  await rig.router.commit();

  const answer = await rig.get(`myapp.localhost:${rig.router.port}`, '/posts?q="x"', {
    method: 'POST',
    body: 'hello',
    headers: {
      'X-Forwarded-For': '203.0.113.9',
      'X-Forwarded-Proto': 'gopher',
      'X-Secret': '1',
      Connection: 'x-secret',
    },
  });

  expect(answer.status).toBe(200);
  expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
  expect(answer.headers.via).toBe('1.1 vegur');
  const seen = JSON.parse(answer.body) as { url: string; method: string; headers: Record<string, string> };
  expect(seen).toMatchObject({ url: '/posts?q="x"', method: 'POST' });
  expect(seen.headers).toMatchObject({
    host: `myapp.localhost:${rig.router.port}`,
    connection: 'close',
    via: '1.1 vegur',
    'x-forwarded-for': '203.0.113.9, 127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': String(rig.router.port),
    'x-request-id': expect.stringMatching(anUuid),
    'x-request-start': expect.stringMatching(/^\d{13}$/),
    'connect-time': expect.stringMatching(/^\d+$/),
    'total-route-time': expect.stringMatching(/^\d+$/),
  });
  expect(seen.headers).not.toHaveProperty('x-secret');
  expect(await rig.line()).toMatch(
    new RegExp(
      `^at=info method=POST path="/posts\\?q=%22x%22" host=myapp\\.localhost request_id=${uuid} ` +
        `fwd="203\\.0\\.113\\.9, 127\\.0\\.0\\.1" dyno=web\\.1 connect=\\d+ms service=\\d+ms status=200 bytes=${answer.body.length} protocol=http$`,
    ),
  );
  expect(rig.log[0]?.line).toMatchObject({ source: 'heroku', process: 'router', cursor: { position: 1 } });
});

it('keeps the request id of the client only if it looks like one', async () => {
  await using rig = await RouterRig.start();
  const dyno = await rig.dyno((request, response) => response.end(request.headers['x-request-id']));
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  const good = 'A'.repeat(20);

  expect((await rig.get('myapp.localhost', '/', { headers: { 'X-Request-Id': good } })).body).toBe(good);
  expect((await rig.get('myapp.localhost', '/', { headers: { 'X-Request-Id': 'short' } })).body).toMatch(anUuid);
});

it.each([
  ['H10', 'crashed', 503, 'Application error', 'at=error code=H10 desc="App crashed"'],
  ['H14', 'none', 503, 'Application error', 'at=error code=H14 desc="No web processes running"'],
  ['H81', 'blank', 503, 'Welcome to your new app!', 'at=info code=H81 desc="Blank app"'],
] as const)('answers %s when the web dynos are %s', async (_code, web, status, heading, log) => {
  await using rig = await RouterRig.start();
  await rig.router.setRoute(route('myapp', web));

  const answer = await rig.get('myapp.localhost');

  expect(answer.status).toBe(status);
  expect(answer.headers['cache-control']).toBe('no-cache, no-store');
  expect(answer.body).toContain(`<h1>${heading}</h1>`);
  const line = await rig.line();
  expect(line.startsWith(`${log} method=GET path="/" host=myapp.localhost request_id=`)).toBe(true);
  expect(line.endsWith(` fwd="127.0.0.1" dyno= connect= service= status=${status} bytes= protocol=http`)).toBe(true);
});

it('answers H80 in maintenance, H11 and H20 while dynos start, H21 when none can be reached, 404 to unknown hosts', async () => {
  await using rig = await RouterRig.start({ bootWaitMs: 300, backlogPerDyno: 1 });
  await rig.router.setRoute(route('closed', 'up', [target(1)], true));
  await rig.router.setRoute(route('slow', 'starting'));
  await rig.router.setRoute(route('dead', 'up', [target(1), target(2, 'web.2')]));
  await rig.router.commit();

  expect((await rig.get('closed.localhost')).body).toContain('Offline for Maintenance');
  const both = await Promise.all([rig.get('slow.localhost'), rig.get('slow.localhost')]);
  expect(both.map(({ status }) => status)).toEqual([503, 503]);
  expect((await rig.get('dead.localhost')).status).toBe(503);
  // The dynos are quarantined now: the next request tries again once that is over.
  expect((await rig.get('dead.localhost')).status).toBe(503);
  const unknown = await rig.get('nobody.localhost');
  expect(unknown.status).toBe(404);
  expect(unknown.body).toContain('<h1>No such app</h1>');
  await rig.line(5);
  expect(rig.lines().map((line) => /code=(\w+)/.exec(line)?.[1])).toEqual([
    'H80',
    'H11',
    'H20',
    'H21',
    expect.stringMatching(/H21|H34/),
  ]);
});

it('lets requests wait while a dyno starts, and sends them on when it is up', async () => {
  await using rig = await RouterRig.start();
  const dyno = await rig.dyno((_request, response) => response.end('up now'));
  await rig.router.setRoute(route('myapp', 'starting'));

  const waiting = [rig.get('myapp.localhost'), rig.get('myapp.localhost')];
  await new Promise((resolve) => setTimeout(resolve, 100));
  await rig.router.setRoute(route('myapp', 'up', [dyno]));

  for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ status: 200, body: 'up now' });
});

const ok = 'HTTP/1.1 200 OK\r\n';

it.each([
  ['closes at once', 'H13', 503, 'Connection closed without response', ''],
  ['gives no reason phrase', 'H17', 503, 'Poorly formatted HTTP response', 'HTTP/1.1 200\r\n\r\n'],
  ['speaks something else', 'H17', 503, 'Poorly formatted HTTP response', 'SSH-2.0-OpenSSH\r\n'],
  ['closes within the head', 'H18', 503, 'Server Request Interrupted', `${ok}Content-`],
  [
    'has a long status line',
    'H25',
    502,
    'HTTP restriction: oversized status line',
    `HTTP/1.1 200 ${'O'.repeat(9000)}\r\n`,
  ],
  [
    'sets a long cookie',
    'H25',
    502,
    'HTTP restriction: oversized cookie',
    `${ok}Set-Cookie: ${'c'.repeat(8200)}\r\n\r\n`,
  ],
  ['has a long header', 'H25', 502, 'HTTP restriction: oversized header', `${ok}X: ${'c'.repeat(600_000)}\r\n\r\n`],
  [
    'gives two lengths',
    'H25',
    502,
    'HTTP restriction: invalid content length',
    `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
  ],
])('when the dyno %s, answers %s', async (_situation, code, status, desc, said) => {
  await using rig = await RouterRig.start();
  await rig.router.setRoute(route('myapp', 'up', [await rig.rawDyno(said)]));

  const answer = await rig.get('myapp.localhost');

  expect(answer.status).toBe(status);
  expect(await rig.line()).toContain(`at=error code=${code} desc="${desc}" method=GET`);
  expect(await rig.line()).toMatch(new RegExp(`dyno=web\\.1 connect=\\d+ms service=\\d+ms status=${status} bytes=`));
});

it('answers H12 to a silent dyno, cuts H15 when it stops half-way and H18 when it dies half-way', async () => {
  await using rig = await RouterRig.start({ firstByteMs: 300, idleMs: 300 });
  const half = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';
  await rig.router.setRoute(route('silent', 'up', [await rig.dyno(() => undefined)]));
  await rig.router.setRoute(route('stalled', 'up', [await rig.rawDyno(half, false)]));
  await rig.router.setRoute(route('dying', 'up', [await rig.rawDyno(half)]));

  expect((await rig.get('silent.localhost')).status).toBe(503);
  await expect(rig.get('stalled.localhost')).rejects.toThrow('aborted');
  await expect(rig.get('dying.localhost')).rejects.toThrow('aborted');

  await rig.line(3);
  const [h12 = '', h15 = '', h18 = ''] = rig.lines();
  expect(h12).toContain('at=error code=H12 desc="Request timeout" method=GET');
  expect(h12).toContain('status=503 bytes=0');
  expect(h15).toContain('at=error code=H15 desc="Idle connection" method=GET');
  expect(h15).toContain('bytes=4');
  expect(h18).toMatch(/^sock=backend at=error code=H18 desc="Server Request Interrupted" method=GET/);
});

it('logs H27 when the client leaves, H28 when it stops sending', async () => {
  await using rig = await RouterRig.start({ idleMs: 300 });
  await rig.router.setRoute(route('myapp', 'up', [await rig.dyno(() => undefined)]));

  await rig.raw('GET / HTTP/1.1\r\nHost: myapp.localhost\r\n\r\n', 100);
  expect(await rig.line(1)).toMatch(
    /^sock=client at=warning code=H27 desc="Client Request Interrupted" .* status=499 bytes=0/,
  );
  await rig.raw('POST / HTTP/1.1\r\nHost: myapp.localhost\r\nContent-Length: 10\r\n\r\nhalf', 2_000);
  expect(await rig.line(2)).toMatch(/^at=warning code=H28 desc="Client Connection Idle" .* status=499/);
});
