import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer as createNetServer } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { RouterRig, route, until } from './router-rig.ts';

const megabyte = Buffer.alloc(1024 * 1024, 'x');

function* megabytes(count: number) {
  for (let i = 0; i < count; i++) yield megabyte;
}

function residentMegabytes(rig: RouterRig): number {
  const { pid } = JSON.parse(readFileSync(join(rig.options.runDir, 'router.pid'), 'utf8')) as { pid: number };
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

it('passes 200 MB up and down with bounded memory, for a slow taker too', async () => {
  await using rig = await RouterRig.start();
  let taken = 0;
  const dyno = await rig.dyno((incoming, response) => {
    if (incoming.method === 'GET') {
      void pipeline(Readable.from(megabytes(200)), response).catch(() => undefined);
      return;
    }
    incoming.on('data', (chunk: Buffer) => (taken += chunk.length));
    incoming.on('end', () => response.end(String(taken)));
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, residentMegabytes(rig))), 20);

  const up = await new Promise<string>((resolve, reject) => {
    const outgoing = request({ port: rig.router.port, method: 'POST', headers: { Host: 'myapp.localhost' } });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      incoming.on('data', (chunk: Buffer) => {
        resolve(chunk.toString());
      });
    });
    void pipeline(Readable.from(megabytes(200)), outgoing).catch(reject);
  });
  const down = await new Promise<number>((resolve, reject) => {
    let size = 0;
    request({ port: rig.router.port, headers: { Host: 'myapp.localhost' } })
      .on('error', reject)
      .on('response', (incoming) => {
        incoming.on('data', (chunk: Buffer) => (size += chunk.length));
        incoming.on('end', () => {
          resolve(size);
        });
        // Takes nothing for a while: all that must wait at the dyno, not in the router.
        incoming.pause();
        setTimeout(() => incoming.resume(), 1_000);
      })
      .end();
  });
  clearInterval(watch);

  expect(Number(up)).toBe(200 * 1024 * 1024);
  expect(down).toBe(200 * 1024 * 1024);
  expect(peak).toBeLessThan(220);
  await rig.line(2);
  expect(rig.lines()[1]).toContain(`bytes=${200 * 1024 * 1024}`);
});

it('hands on the head and every event of a stream at once', async () => {
  await using rig = await RouterRig.start();
  let emit: (text: string) => void = () => undefined;
  const dyno = await rig.dyno((_incoming, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    emit = (text) => response.write(`data: ${text}\n\n`);
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  const delays: number[] = [];
  const outgoing = request({ port: rig.router.port, headers: { Host: 'myapp.localhost' } }).end();
  const incoming = await new Promise<IncomingMessage>((resolve) => outgoing.on('response', resolve));
  incoming.on('error', () => undefined);
  incoming.on('data', (chunk: Buffer) => delays.push(performance.now() - Number(chunk.toString().slice(6))));

  for (let i = 1; i <= 20; i++) {
    emit(String(performance.now()));
    await until(
      () => delays.length === i,
      () => `event ${i}`,
    );
  }
  outgoing.destroy();

  // The quickest: on a busy machine, others wait for a processor.
  expect(Math.min(...delays)).toBeLessThan(20);
});

it('joins a WebSocket both ways, logs it when it ends, and ends an idle one with H15', async () => {
  await using rig = await RouterRig.start({ idleMs: 500 });
  const dyno = await rig.dyno((_incoming, response) => response.end());
  const sockets = new WebSocketServer({ server: dyno.server });
  sockets.on('connection', (socket, incoming) => {
    socket.send(`hello ${incoming.headers['x-forwarded-proto'] as string}`);
    socket.on('message', (data: Buffer) => {
      socket.send(data);
    });
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  const open = () => new WebSocket(`ws://127.0.0.1:${rig.router.port}/chat`, { headers: { Host: 'myapp.localhost' } });

  const socket = open();
  const messages: string[] = [];
  socket.on('message', (data: Buffer) => messages.push(data.toString().slice(0, 10)));
  await until(
    () => messages.length === 1,
    () => 'greeting',
  );
  socket.send('x'.repeat(1_000_000));
  await until(
    () => messages.length === 2,
    () => 'echo',
  );
  // A raw connection does not keep its dyno from being drained.
  await rig.router.drained(dyno.dynoId, 10_000);
  socket.close();

  expect(messages).toEqual(['hello http', 'xxxxxxxxxx']);
  expect(await rig.line(1)).toMatch(
    /^at=info method=GET path="\/chat" .* dyno=web\.1 .* status=101 bytes=10\d{5} protocol=http$/,
  );
  const idle = open();
  idle.on('error', () => undefined);
  expect(await rig.line(2)).toMatch(/^at=error code=H15 desc="Idle connection" method=GET path="\/chat" /);
});

it('passes an upgrade to any protocol as raw bytes, half-closed ends included', async () => {
  await using rig = await RouterRig.start();
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nready;');
      let said = '';
      socket.on('data', (chunk) => (said += chunk.toString()));
      socket.on('end', () => socket.end(said.toUpperCase()));
    });
  });
  await rig.router.setRoute(route('myapp', 'up', [await rig.listen(server)]));
  const outgoing = request({
    port: rig.router.port,
    headers: { Host: 'myapp.localhost', Connection: 'Upgrade', Upgrade: 'shout' },
  }).end();

  const answer = await new Promise<string>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('upgrade', (incoming, socket, head) => {
      let text = `${incoming.headers.upgrade ?? ''} ${head.toString()}`;
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('end', () => {
        resolve(text);
      });
      socket.end('hello');
    });
  });

  expect(answer).toBe('shout ready;HELLO');
});

it('passes trailers, early hints and bodyless answers', async () => {
  await using rig = await RouterRig.start();
  const dyno = await rig.dyno((incoming, response) => {
    if (incoming.url === '/304') {
      response.writeHead(304, { ETag: '"x"' }).end();
      return;
    }
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    incoming.resume();
    incoming.on('end', () => {
      response.writeHead(200, { Trailer: 'X-Sum' });
      response.write('body');
      response.addTrailers({ 'X-Sum': incoming.trailers['x-sum'] ?? 'none' });
      response.end();
    });
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  const head = 'POST / HTTP/1.1\r\nHost: myapp.localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n';

  const answer = await rig.raw(`${head}2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n`);
  const bodyless = await rig.raw('GET /304 HTTP/1.1\r\nHost: myapp.localhost\r\n\r\n');

  expect(answer).toMatch(
    /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/style\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/i,
  );
  expect(answer.endsWith('4\r\nbody\r\n0\r\nX-Sum: 42\r\n\r\n')).toBe(true);
  expect(bodyless).toMatch(/^HTTP\/1\.1 304 Not Modified\r\nETag: "x"\r\n[^]*\r\n\r\n$/);
  expect(bodyless).not.toMatch(/transfer-encoding/i);
});

it('ends an answer that never gets past early hints', async () => {
  await using rig = await RouterRig.start();
  const dyno = await rig.dyno((_incoming, response) => {
    const hint = (): void => {
      if (response.destroyed || response.socket === null) return;
      response.writeEarlyHints({ link: '</style.css>; rel=preload', 'x-large': 'x'.repeat(1000) }, () => {
        setImmediate(hint);
      });
    };
    hint();
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));

  const answer = await rig.raw('GET / HTTP/1.1\r\nHost: myapp.localhost\r\nConnection: close\r\n\r\n');

  expect(answer.split('103 Early Hints').length - 1).toBeLessThan(30);
  expect(answer).toContain('HTTP/1.1 502 ');
});

it('speaks TLS on the same port, with a certificate of the private CA', async () => {
  await using rig = await RouterRig.start({}, { domain: 'hokku.test' });
  const dyno = await rig.dyno((incoming, response) => response.end(incoming.headers['x-forwarded-proto']));
  await rig.router.setRoute({ ...route('myapp', 'up', [dyno]), hosts: ['myapp.hokku.test'] });
  const ca = readFileSync(join(rig.dir, 'tls', 'ca.pem'));

  const answer = await new Promise<string>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: rig.router.port, ca, servername: 'myapp.hokku.test' };
    httpsRequest({ ...options, headers: { Host: 'myapp.hokku.test' }, agent: false }, (incoming) => {
      incoming.on('data', (chunk: Buffer) => {
        resolve(chunk.toString());
      });
    })
      .on('error', reject)
      .end();
  });

  expect(answer).toBe('https');
  expect((await rig.get('myapp.hokku.test')).body).toBe('http');
  expect(await rig.line()).toMatch(/ fwd="127\.0\.0\.1" .* protocol=https$/);
});
