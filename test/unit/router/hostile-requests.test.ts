import { expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import { RouterRig, route, until } from './router-rig.ts';

const host = 'Host: myapp.localhost\r\n';

async function rigWithEcho(limits = {}) {
  const rig = await RouterRig.start(limits);
  const seen: string[] = [];
  const dyno = await rig.dyno((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
      response.end(`[${body}]`);
    });
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  await rig.router.commit();
  return Object.assign(rig, { seen });
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: myapp.localhost\r\n\r\n';

it.each([
  [
    'both framings',
    `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  ['two lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello${smuggled}`],
  ['a list of lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 0, 5\r\n\r\nhello${smuggled}`],
  ['a signed length', `POST / HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\nhello${smuggled}`],
  ['another encoding', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
  [
    'two encodings',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  ['gzip, chunked', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a space before the colon', `POST / HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a folded header', `POST / HTTP/1.1\r\n${host}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a vertical tab', `POST / HTTP/1.1\r\n${host}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a bare CR', `POST / HTTP/1.1\r\n${host}X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['bare line feeds', `POST / HTTP/1.1\n${host.replace('\r', '')}Transfer-Encoding: chunked\n\n0\n\n${smuggled}`],
  ['chunks in HTTP/1.0', `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ['a NUL in a value', `GET / HTTP/1.1\r\n${host}X: a\0b\r\n\r\n${smuggled}`],
  ['no host', `GET / HTTP/1.1\r\n\r\n${smuggled}`],
  ['no host in HTTP/1.0', `GET / HTTP/1.0\r\n\r\n${smuggled}`],
  ['another host in the target', `GET http://other.localhost/ HTTP/1.1\r\n${host}\r\n${smuggled}`],
  ['a long header', `GET / HTTP/1.1\r\n${host}X: ${'x'.repeat(8193)}\r\n\r\n${smuggled}`],
  ['a long header name', `GET / HTTP/1.1\r\n${host}${'x'.repeat(1001)}: 1\r\n\r\n${smuggled}`],
  ['a long request line', `GET /${'x'.repeat(8192)} HTTP/1.1\r\n${host}\r\n${smuggled}`],
  ['too many headers', `GET / HTTP/1.1\r\n${host}${'X: 1\r\n'.repeat(1001)}\r\n${smuggled}`],
])('refuses a request with %s, and nothing behind it reaches the dyno', async (_what, text) => {
  await using rig = await rigWithEcho();

  const answer = await rig.raw(text);

  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(rig.seen).toEqual([]);
});

it('says in the log why it refused: bad chunk, bad header, unsupported expectation', async () => {
  await using rig = await rigWithEcho();

  const chunk = await rig.raw(`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello`);
  await rig.line(1);
  const header = await rig.raw(`GET / HTTP/1.1\r\n${host}X: ${'x'.repeat(8193)}\r\n\r\n`);
  await rig.line(2);
  const expectation = await rig.raw(`GET / HTTP/1.1\r\n${host}Expect: 200-maybe\r\n\r\n`);
  await rig.line(3);

  expect([chunk, header, expectation].map((answer) => answer.slice(9, 12))).toEqual(['400', '400', '417']);
  const [first, second, third] = rig.lines();
  expect(first).toContain('at=error code=H26 desc="Request Error" cause="bad chunk" method=POST path="/"');
  expect(second).toContain('at=error code=H26 desc="Request Error" cause="bad header" method=GET path="/"');
  expect(third).toContain('cause="unsupported expect header value"');
  expect(third).toContain('status=417');
});

it('keeps to HTTP: pipelining, 100-continue, HEAD, HTTP/1.0, absolute targets, doubled hosts', async () => {
  await using rig = await rigWithEcho();
  const both = await rig.raw(`GET /1 HTTP/1.1\r\n${host}\r\nPOST /2 HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\nhi`);
  expect(both.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  expect(both.indexOf('[hi]')).toBeGreaterThan(both.indexOf('[]'));

  const continued = await rig.raw(`POST /3 HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi`);
  expect(continued).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);

  const head = await rig.raw(`HEAD /4 HTTP/1.1\r\n${host}\r\n`);
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head.endsWith('\r\n\r\n')).toBe(true);

  const old = await rig.raw(`GET /5 HTTP/1.0\r\n${host}\r\n`);
  expect(old).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(old).toContain('Connection: close');

  expect(await rig.raw(`GET http://myapp.localhost/6 HTTP/1.1\r\n${host}\r\n`)).toContain('200 OK');
  expect(await rig.raw(`GET /7 HTTP/1.1\r\n${host}Host: other.localhost\r\n\r\n`)).toContain('200 OK');
  expect(rig.seen).toEqual(['GET /1 ', 'POST /2 hi', 'POST /3 hi', 'HEAD /4 ', 'GET /5 ', 'GET /6 ', 'GET /7 ']);
});

it('ends a connection with more than 100 unanswered requests, and answers 100', async () => {
  await using rig = await RouterRig.start();
  const waiting: ServerResponse[] = [];
  const dyno = await rig.dyno((_incoming, response) => {
    waiting.push(response);
    if (waiting.length === 100) for (const one of waiting.splice(0)) one.end('in time');
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  await rig.router.commit();
  const get = `GET / HTTP/1.1\r\n${host}\r\n`;

  const answers = await rig.raw(get.repeat(100), 2_000);
  expect(answers.match(/in time/g)).toHaveLength(100);
  expect(await rig.raw(get.repeat(101), 10_000)).toBe('');
});

it('declines an upgrade of a request with a body, and passes the body on', async () => {
  await using rig = await rigWithEcho();

  const answer = await rig.raw(
    `POST /h2c HTTP/1.1\r\n${host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 5\r\n\r\nhello`,
  );

  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(rig.seen).toEqual(['POST /h2c hello']);
  // Without a body the offer is passed on; a dyno that does not take it answers as always.
  const ignored = await rig.raw(`GET /h2c HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`);
  expect(ignored).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(ignored.endsWith('[]')).toBe(true);
});

it('leaves nobody without a place: closes the oldest silent connections of an address, and takes no more than so many', async () => {
  const places = { connectionsPerAddress: 60, waitingPerAddress: 20, waitingInAll: 30, waitingMs: 300 };
  await using rig = await rigWithEcho({ ...places, headersMs: 60_000, keepAliveMs: 60_000 });
  const open = (from: string, text: string) => {
    const socket = createConnection({ port: rig.router.port, host: '127.0.0.1', localAddress: from });
    const seen = { closed: false, text: '' };
    socket.on('error', () => undefined);
    socket.on('close', () => (seen.closed = true));
    socket.on('data', (chunk) => (seen.text += chunk.toString('latin1')));
    if (text !== '') socket.write(text);
    rig.onClose(() => {
      socket.destroy();
    });
    return seen;
  };
  const openMany = (count: number, from: string, text: string) => Array.from({ length: count }, () => open(from, text));
  const closed = (group: readonly { closed: boolean }[]) => group.filter((one) => one.closed).length;
  const head = `GET / HTTP/1.1\r\n${host}`;
  // What takes long and is under way is nobody's idleness: bodies on their way up, answers that have not come yet.
  const busy = openMany(25, '127.0.0.2', `POST / HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nhal`);
  const [silent, slow] = [openMany(15, '127.0.0.2', ''), openMany(15, '127.0.0.2', `${head}X-Slow: `)];
  const kept = openMany(15, '127.0.0.3', `${head}\r\n`);

  await until(
    () => closed(silent) + closed(slow) >= 10,
    () => `${closed(silent)} + ${closed(slow)} closed`,
  );
  await until(
    () => closed([...silent, ...slow, ...kept]) === 15,
    () => `${closed([...silent, ...slow, ...kept])} closed of all`,
  );
  expect([closed(busy), kept.every(({ text }) => text.startsWith('HTTP/1.1 200'))]).toEqual([0, true]);
  expect(closed(silent)).toBe(15);

  const more = openMany(50, '127.0.0.2', head);
  await until(
    () => closed(more) >= 30,
    () => `${closed(more)} of the surplus closed`,
  );
  expect([closed(busy), (await rig.get('myapp.localhost')).status]).toEqual([0, 200]);
});

it('cuts off clients that send their headers too slowly or nothing at all, and goes on serving others', async () => {
  await using rig = await rigWithEcho({ headersMs: 500, keepAliveMs: 500 });
  const sockets = Array.from({ length: 200 }, () => createConnection(rig.router.port, '127.0.0.1'));
  let closed = 0;
  for (const [i, socket] of sockets.entries()) {
    socket.on('error', () => undefined);
    socket.on('close', () => closed++);
    socket.resume();
    if (i % 2 === 0) socket.write(`GET / HTTP/1.1\r\n${host}X-Slow: `);
  }
  const drip = setInterval(() => {
    for (const [i, socket] of sockets.entries()) if (i % 2 === 0 && socket.writable) socket.write('x');
  }, 100);

  expect((await rig.get('myapp.localhost')).status).toBe(200);
  await until(
    () => closed === 200,
    () => `${closed} closed`,
  );
  clearInterval(drip);
  expect((await rig.get('myapp.localhost')).status).toBe(200);
});
