import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { distPath } from '../../../src/lib/package-root.ts';
import { openRouter } from '../../../src/router/index.ts';
import { RouterRig, route, send, until } from './router-rig.ts';

function pidOf(rig: RouterRig): number {
  return (JSON.parse(readFileSync(join(rig.options.runDir, 'router.pid'), 'utf8')) as { pid: number }).pid;
}

/** A request over kept-alive connections, as a busy client sends them. */
function pooled(agent: Agent, port: number, host: string, path = '/'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ agent, host: '127.0.0.1', port, path, headers: { Host: host } }, (incoming) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, body });
      });
    })
      .on('error', reject)
      .end();
  });
}

it('swaps targets under load: no request fails, and none reaches a dyno after it was drained', async () => {
  await using rig = await RouterRig.start();
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  let wrong = 0;
  const start = async (number: number) => {
    const state = { drained: false };
    const dyno = await rig.dyno((_incoming, response) => {
      if (state.drained) wrong++;
      setTimeout(() => response.end(String(number)), 3);
    }, `web.${number}`);
    return { dyno, state };
  };
  let current = await start(1);
  await rig.router.setRoute(route('myapp', 'up', [current.dyno]));
  const answers: number[] = [];
  let left = 5_000;
  const clients = Array.from({ length: 20 }, async () => {
    while (left-- > 0) answers.push((await pooled(agent, rig.router.port, 'myapp.localhost')).status);
  });

  for (let swap = 2; swap <= 51; swap++) {
    const next = await start(swap);
    await rig.router.setRoute(route('myapp', 'up', [next.dyno]));
    await rig.router.drained(current.dyno.dynoId, 5_000);
    current.state.drained = true;
    current.dyno.server.close();
    current = next;
  }
  await Promise.all(clients);
  agent.destroy();

  expect(answers).toHaveLength(5_000);
  expect(answers.filter((status) => status !== 200)).toEqual([]);
  expect(wrong).toBe(0);
  await rig.line(5_000);
  expect(rig.log.map(({ line }) => line.cursor?.position)).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 1));
});

it('waits in `drained` for requests under way, at most until the deadline', async () => {
  await using rig = await RouterRig.start();
  let answer: () => void = () => undefined;
  const dyno = await rig.dyno((_incoming, response) => {
    answer = () => response.end('late');
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  const asked = rig.get('myapp.localhost');
  await once(dyno.server, 'request');
  await rig.router.setRoute(route('myapp', 'none'));
  const before = performance.now();

  await rig.router.drained(dyno.dynoId, 200);
  const waited = performance.now() - before;
  let drained = false;
  const draining = rig.router.drained(dyno.dynoId, 10_000).then(() => (drained = true));
  const tooEarly = drained;
  answer();

  expect((await asked).body).toBe('late');
  await draining;
  expect(tooEarly).toBe(false);
  expect(waited).toBeGreaterThan(150);
});

it('outlives its control plane: requests go on, log lines are neither lost nor doubled', async () => {
  await using rig = await RouterRig.start();
  await rig.router[Symbol.asyncDispose]();
  const dyno = await rig.dyno((_incoming, response) => response.end('ok'));
  const logFile = join(rig.dir, 'log');
  writeFileSync(logFile, '');
  const program = `
    import { appendFileSync, readFileSync } from 'node:fs';
    import { openRouter } from ${JSON.stringify(pathToFileURL(distPath('router', 'index.js')).href)};
    const positions = readFileSync(${JSON.stringify(logFile)}, 'utf8').split('\\n').filter(Boolean).map((line) => line.split(' '));
    const log = { info() {}, warn() {}, error(...what) { console.error(what) } };
    const router = await openRouter({
      ...${JSON.stringify({ ...rig.options, log: null })}, log,
      cursorOf: (appId, reader) => Math.max(0, ...positions.filter(([r]) => r === reader).map(([, p]) => Number(p))),
      onLog: (appId, lines) => appendFileSync(${JSON.stringify(logFile)}, lines.map((l) => l.cursor.reader + ' ' + l.cursor.position + '\\n').join('')),
    });
    await router.setRoute(${JSON.stringify(route('myapp', 'up', [dyno]))});
    await router.commit();
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const controlPlane = async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {},
    });
    await once(child.stdout, 'data');
    return child;
  };
  const port = rig.router.port;
  const agent = new Agent({ keepAlive: true, maxSockets: 5 });
  let child = await controlPlane();
  let running = true;
  const statuses: number[] = [];
  const clients = Array.from({ length: 5 }, async () => {
    while (running) statuses.push((await pooled(agent, port, 'myapp.localhost')).status);
  });

  for (let i = 0; i < 4; i++) {
    const count = statuses.length;
    await until(
      () => statuses.length > count + 200,
      () => 'requests',
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    child = await controlPlane();
  }
  running = false;
  await Promise.all(clients);
  agent.destroy();
  const positions = () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean);
  await until(
    () => positions().length >= statuses.length,
    () => `${positions().length} of ${statuses.length} lines`,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');

  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(positions()).toHaveLength(statuses.length);
  expect(positions().map((line) => Number(line.split(' ')[1]))).toEqual(statuses.map((_, i) => i + 1));
});

it('is adopted with its table and its connections, and forgets apps that are not set again', async () => {
  await using rig = await RouterRig.start();
  const dyno = await rig.dyno((_incoming, response) => response.end('ok'));
  await rig.router.setRoute(route('old', 'up', [dyno]));
  await rig.router.setRoute(route('kept', 'up', [dyno]));
  await rig.router.commit();
  const pid = pidOf(rig);
  const port = rig.router.port;

  await rig.router[Symbol.asyncDispose]();
  expect((await send(port, 'old.localhost')).status).toBe(200);
  rig.router = await openRouter({ ...rig.options, port });
  expect((await rig.get('old.localhost')).status).toBe(200);
  await rig.router.setRoute(route('kept', 'up', [dyno]));
  expect((await rig.get('old.localhost')).status).toBe(200);
  await rig.router.commit();

  expect(pidOf(rig)).toBe(pid);
  expect((await rig.get('old.localhost')).status).toBe(404);
  expect((await rig.get('kept.localhost')).status).toBe(200);
  await rig.router.removeRoute(route('kept', 'none').appId);
  expect((await rig.get('kept.localhost')).status).toBe(404);
  expect(statSync(join(rig.options.runDir, 'router.sock')).mode & 0o777).toBe(0o600);
  expect(statSync(join(rig.options.runDir, 'router.pid')).mode & 0o777).toBe(0o600);
});

it('is replaced when its settings have changed, on the same port', async () => {
  await using rig = await RouterRig.start();
  const pid = pidOf(rig);
  const port = rig.router.port;
  const dyno = await rig.dyno((_incoming, response) => setTimeout(() => response.end('done'), 400));
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  const asked = rig.get('myapp.localhost');
  await once(dyno.server, 'request');
  await rig.router[Symbol.asyncDispose]();

  rig.router = await openRouter({ ...rig.options, port, domain: 'example.test' });

  expect(pidOf(rig)).not.toBe(pid);
  expect(rig.router.port).toBe(port);
  expect((await asked).body).toBe('done');
  expect(await rig.line()).toContain('status=200');
});

it('is started again on its port with all routes when it dies', async () => {
  await using rig = await RouterRig.start();
  const dyno = await rig.dyno((_incoming, response) => response.end('ok'));
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  await rig.router.commit();
  const port = rig.router.port;

  process.kill(pidOf(rig), 'SIGKILL');
  const told = rig.router.setRoute(route('later', 'up', [dyno]));
  await told;

  expect(rig.router.port).toBe(port);
  expect((await rig.get('myapp.localhost')).status).toBe(200);
  expect((await rig.get('later.localhost')).status).toBe(200);
});

it('ends with stop: requests under way are finished, nothing is left behind', async () => {
  await using rig = await RouterRig.start({ stopMs: 5_000 });
  const dyno = await rig.dyno((_incoming, response) => setTimeout(() => response.end('done'), 300));
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  const pid = pidOf(rig);
  const asked = rig.get('myapp.localhost');
  await once(dyno.server, 'request');

  await rig.router.stop();

  expect((await asked).body).toBe('done');
  expect(await rig.line()).toContain('status=200');
  await until(
    () => !existsSync(`/proc/${pid}`),
    () => 'the end of the router',
  );
  expect(existsSync(join(rig.options.runDir, 'router.sock'))).toBe(false);
  expect(existsSync(join(rig.options.runDir, 'router.pid'))).toBe(false);
});

it('says which setting to change when the port is taken', async () => {
  await using rig = await RouterRig.start();
  const server = createNetServer();
  await rig.listen(server);
  const { port } = server.address() as AddressInfo;

  const opened = openRouter({ ...rig.options, runDir: join(rig.dir, 'other'), port });

  await expect(opened).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken by another program.`);
  await expect(opened).rejects.toThrow('HOKKU_PORT');
});
