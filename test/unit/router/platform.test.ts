import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { RouterRig, route } from './router-rig.ts';

async function startPlatform(rig: RouterRig, listener: RequestListener): Promise<Server> {
  await rm(rig.options.platformSocket, { force: true });
  const server = createServer(listener);
  server.listen(rig.options.platformSocket);
  await once(server, 'listening');
  rig.onClose(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

it("sends the platform's own hosts to the control plane, with headers that can be trusted", async () => {
  await using rig = await RouterRig.start({}, { domain: 'example.test' });
  const dyno = await rig.dyno((_incoming, response) => response.end('app'));
  await rig.router.setRoute({ ...route('myapp', 'up', [dyno]), hosts: ['myapp.example.test', 'api.example.test'] });
  await rig.router.commit();
  await startPlatform(rig, (incoming, response) => response.end(JSON.stringify(incoming.headers)));

  for (const host of [
    '127.0.0.1',
    '[::1]:5000',
    'localhost:5000',
    'API.example.test',
    'git.example.test.',
    'example.test',
  ]) {
    const answer = await rig.get(host, '/apps', {
      headers: {
        'X-Forwarded-For': '6.6.6.6',
        'X-Forwarded-Host': 'evil',
        Forwarded: 'for=6.6.6.6',
        'X-Request-Id': 'mine',
      },
    });
    const headers = JSON.parse(answer.body) as Record<string, string>;
    expect(headers).toMatchObject({
      host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': host,
      'x-forwarded-proto': 'http',
      'x-forwarded-port': host.endsWith(':5000') ? '5000' : '80',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(headers).not.toHaveProperty('forwarded');
    expect(answer.headers).not.toHaveProperty('via');
  }
  expect((await rig.get('myapp.example.test')).body).toBe('app');
  expect((await rig.get('127.0.0.1.example.test')).status).toBe(404);
});

it('streams a push up and its build output down at once, and lets the platform be silent', async () => {
  await using rig = await RouterRig.start({ firstByteMs: 100, idleMs: 100, platformStallMs: 200 });
  await startPlatform(rig, (incoming, response) => {
    let size = 0;
    incoming.on('data', (chunk: Buffer) => (size += chunk.length));
    incoming.on('end', () => {
      response.write(`${size};`);
      setTimeout(() => response.end('built'), 700);
    });
  });
  const outgoing = request({ port: rig.router.port, method: 'POST', headers: { Host: 'localhost' } });
  const answered = once(outgoing, 'response');
  await pipeline(Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(1024 * 1024))), outgoing);

  const [incoming] = (await answered) as [IncomingMessage];
  const chunks: string[] = [];
  for await (const chunk of incoming) chunks.push(String(chunk));

  expect(chunks).toEqual([`${50 * 1024 * 1024};`, 'built']);
});

it('lets requests wait while the control plane restarts, and says so when it does not come back', async () => {
  await using rig = await RouterRig.start({ platformWaitMs: 1_000 });
  const waiting = rig.get('localhost', '/apps');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const server = await startPlatform(rig, (_incoming, response) => response.end('back'));
  expect((await waiting).body).toBe('back');
  server.close();

  const [json, text] = await Promise.all([
    rig.get('localhost', '/apps', { headers: { Accept: 'application/vnd.heroku+json; version=3' } }),
    rig.get('localhost', '/myapp.git/info/refs'),
  ]);

  expect(json.status).toBe(503);
  expect(JSON.parse(json.body)).toEqual({
    id: 'unavailable',
    message: expect.stringContaining('The platform is not running'),
  });
  expect(text.status).toBe(503);
  expect(text.body).toContain('The platform is not running');
});

it('ends a log session that the platform breaks off so that its reader comes back, and breaks off everything else', async () => {
  await using rig = await RouterRig.start();
  await startPlatform(rig, (incoming, response) => {
    const type = incoming.url === '/sessions/x' ? 'text/event-stream' : 'application/x-git-receive-pack-result';
    response.writeHead(200, { 'content-type': type }).write('id: 1\ndata: one\n\nid: 2\nda');
    setTimeout(() => response.destroy(), 50);
  });

  expect(await rig.get('localhost', '/sessions/x')).toMatchObject({ body: 'id: 1\ndata: one\n\nid: 2\nda' });
  await expect(rig.get('localhost', '/a.git/git-receive-pack')).rejects.toThrow(/aborted|hang up/);
});

it('cuts off a client of the platform that stops sending', async () => {
  await using rig = await RouterRig.start({ platformStallMs: 200 });
  const server = await startPlatform(rig, () => undefined);
  const aborted = new Promise<string>((resolve) => {
    server.on('request', (incoming) =>
      incoming.on('error', (error: Error) => {
        resolve(error.message);
      }),
    );
  });

  const answer = await rig.raw('POST /apps HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf', 2_000);

  expect(answer).toBe('');
  expect(await aborted).toBe('aborted');
});
