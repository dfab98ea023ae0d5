import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { openOutbound, type OutboundTarget } from '../../../src/lib/outbound.ts';
import { openLogplex, parseDrainUrl, type Logplex, type LogplexLimits } from '../../../src/logplex/index.ts';
import type { AppId, LogDrainId } from '../../../src/model/ids.ts';
import type { LogLine } from '../../../src/model/log.ts';
import { HttpReceiver, messageOf, SyslogReceiver } from '../../rig/log-receivers.ts';
import { eventually } from '../../rig/platform-rig.ts';

const log = pino({ level: 'silent' });
const appId = randomUUID() as AppId;
const drain = {
  id: randomUUID() as LogDrainId,
  appId,
  token: `d.${randomUUID()}`,
  mayReachLoopback: true,
};
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-drains-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const outbound = openOutbound({ publicPort: () => 0, allowLoopback: false, allowedNets: [] });
const quick = { drainLingerMs: 5, drainRetryMs: 5, maxDrainRetryMs: 20 };
const open = (limits: Partial<LogplexLimits> = {}) =>
  openLogplex({ dir, log, outbound, limits: { ...quick, ...limits } });

function line(message: string | Uint8Array, more: Partial<LogLine> = {}): LogLine {
  return { atMicros: 1_284_650_026_677_020n, source: 'app', process: 'web.1', message, ...more };
}

const numbered = (from: number, to: number): LogLine[] =>
  Array.from({ length: to - from + 1 }, (_, n) => line(`line ${from + n}`));
const names = (from: number, to: number): string[] => numbered(from, to).map(({ message }) => message as string);

async function until(
  receiver: { readonly frames: readonly string[] },
  last: string,
  timeoutMs?: number,
): Promise<string[]> {
  await eventually(
    last,
    () => Promise.resolve(receiver.frames.some((frame) => messageOf(frame) === last)),
    timeoutMs,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; the last were ${JSON.stringify(receiver.frames.slice(-3))}`);
  });
  return receiver.frames.map(messageOf);
}

it('frames messages as Heroku does, for HTTPS and for syslog', async () => {
  await using https = await HttpReceiver.start();
  await using syslog = await SyslogReceiver.start();
  await using logplex = await open();
  logplex.append(appId, [line('before the drains')]);
  logplex.openDrain({ ...drain, url: `http://us%20er:pa%3Ass@localhost:${https.port}/in?key=1` });
  const other = { ...drain, id: randomUUID() as LogDrainId, token: `d.${randomUUID()}` };
  logplex.openDrain({ ...other, url: `syslog://127.0.0.1:${syslog.port}` });
  const lines = [
    line('State changed from starting to up', { source: 'heroku', process: 'web.3' }),
    line('größe 🚀\r'),
    line(''),
    line('the end'),
  ];
  logplex.append(appId, lines);
  await Promise.all([until(https, 'the end'), until(syslog, 'the end')]);

  const at = '2010-09-16T15:13:46.677020+00:00';
  const expected = (host: string) => [
    `<158>1 ${at} ${host} heroku web.3 - State changed from starting to up\n`,
    `<190>1 ${at} ${host} app web.1 - größe 🚀\n`,
    `<190>1 ${at} ${host} app web.1 - \n`,
    `<190>1 ${at} ${host} app web.1 - the end\n`,
  ];
  expect(https.frames).toEqual(expected('host'));
  expect(syslog.frames).toEqual(expected(other.token));
  expect(https.requests[0]).toMatchObject({
    path: '/in?key=1',
    headers: {
      'content-type': 'application/logplex-1',
      'logplex-msg-count': '4',
      'logplex-frame-id': expect.stringMatching(/^[0-9A-F]{32}$/) as unknown,
      'logplex-drain-token': drain.token,
      'user-agent': expect.stringMatching(/^Logplex\/v\d/) as unknown,
      authorization: `Basic ${Buffer.from('us er:pa:ss').toString('base64')}`,
    },
  });
});

it('delivers every line once and in order, whatever the HTTPS receiver does', async () => {
  await using receiver = await HttpReceiver.start();
  await using logplex = await open();
  const moods = [500, 'reset', 503, 429, 204, 204, 502, 'reset'] as const;
  let requests = 0;
  receiver.answer = () => moods[requests++ % moods.length] ?? 204;
  logplex.openDrain({ ...drain, url: receiver.url });
  for (let n = 1; n <= 2000; n += 100) {
    logplex.append(appId, numbered(n, n + 99));
    await logplex.flush();
  }
  expect(await until(receiver, 'line 2000')).toEqual(names(1, 2000));
  // What is sent again is the same, under the same id.
  const byId = new Map<string, Set<string>>();
  for (const { headers, body } of receiver.requests) {
    const id = String(headers['logplex-frame-id']);
    byId.set(id, (byId.get(id) ?? new Set()).add(body.toString()));
  }
  expect([...byId.values()].filter((bodies) => bodies.size !== 1)).toEqual([]);
  expect(byId.size).toBeLessThan(receiver.requests.length);
});

it('gives up what a receiver refuses, says so once, and goes on', async () => {
  await using receiver = await HttpReceiver.start();
  await using logplex = await open();
  receiver.answer = ({ body }) => (body.includes('secret') ? 403 : 204);
  logplex.openDrain({ ...drain, url: receiver.url });
  logplex.append(appId, [line('a secret')]);
  await eventually('the refusal', () => Promise.resolve(receiver.requests.length > 0));
  logplex.append(appId, [line('no harm')]);
  expect(await until(receiver, 'no harm')).toEqual(['no harm']);
  await eventually('the notice', async () => (await backlog(logplex)).some((text) => text.includes('403')));
  const notices = (await backlog(logplex)).filter((text) => text.includes('heroku[logplex]'));
  expect(notices).toEqual([
    expect.stringContaining(`${drain.token} was answered 403 by localhost; 1 messages dropped`),
  ]);
});

it('waits for a receiver that is away or silent, without holding up whoever logs', async () => {
  const port = await freePort();
  await using logplex = await open();
  logplex.openDrain({ ...drain, url: `syslog://localhost:${port}` });
  const startedAt = performance.now();
  logplex.append(appId, numbered(1, 5000));
  await logplex.flush();
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  await using receiver = await SyslogReceiver.start({ port });
  expect(await until(receiver, 'line 5000')).toEqual(names(1, 5000));
});

it('loses nothing to a syslog receiver that closes or resets its connections', async () => {
  await using receiver = await SyslogReceiver.start();
  await using logplex = await open();
  let connections = 0;
  receiver.onConnection = (socket) => {
    connections += 1;
    if (connections > 4) return;
    socket.once('data', () => {
      if (connections % 2 === 0) socket.end();
      else socket.resetAndDestroy();
    });
  };
  logplex.openDrain({ ...drain, url: `syslog://localhost:${receiver.port}` });
  for (let n = 1; n <= 60; n += 1) {
    logplex.append(appId, [line(`line ${n}`)]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const all = await until(receiver, 'line 60');
  expect([...new Set(all)]).toEqual(names(1, 60));
  // What was in doubt came twice, and no more.
  expect(all.length).toBeLessThanOrEqual(60 + 4 * 5);
});

it('catches up from the disk after a flood, and says how much the log could not keep', async () => {
  await using receiver = await HttpReceiver.start();
  await using logplex = await open({ maxSegments: 3, maxSegmentBytes: 64 * 1024, drainBufferBytes: 8 * 1024 });
  let isDown = true;
  receiver.answer = () => (isDown ? 503 : 204);
  logplex.openDrain({ ...drain, url: receiver.url });
  logplex.append(appId, numbered(1, 10));
  await eventually('the first try', () => Promise.resolve(receiver.requests.length > 0));
  for (let n = 11; n <= 10_010; n += 100) {
    logplex.append(appId, numbered(n, n + 99));
    await logplex.flush();
  }
  isDown = false;
  const all = await until(receiver, 'line 10010');
  const lost = all.findIndex((message) => message.startsWith('Error L10'));
  const dropped = Number(
    /^Error L10 \(output buffer overflow\): (\d+) messages dropped since \S+\+00:00\.$/.exec(all[lost] ?? '')?.[1],
  );
  const before = all.slice(0, lost);
  const after = all.slice(lost + 1);
  expect(before).toEqual(names(1, before.length));
  expect(before.length).toBeGreaterThan(0);
  // The last of the log, up to what was kept of it, with nothing missing in between.
  expect(after).toEqual(names(10_010 - after.length + 1, 10_010));
  expect(dropped).toBe(10_010 - before.length - after.length);
  expect(receiver.frames[lost]).toMatch(/^<172>1 \S+ host heroku logplex - /);
  const told = (await backlog(logplex)).filter((text) => text.includes('Error L10'));
  expect(told).toEqual([
    expect.stringContaining(`Error L10 (Drain buffer overflow) -> Log drain ${drain.token} dropped`),
  ]);
});

it('goes on after a restart where it was, and does not begin anew', async () => {
  await using receiver = await HttpReceiver.start();
  const url = receiver.url;
  {
    await using logplex = await open();
    logplex.append(appId, [line('long ago')]);
    logplex.openDrain({ ...drain, url });
    logplex.append(appId, numbered(1, 20));
    await until(receiver, 'line 20');
  }
  {
    // Nobody opens the drain here: its lines wait.
    await using logplex = await open();
    logplex.append(appId, numbered(21, 40));
  }
  {
    await using logplex = await open();
    logplex.openDrain({ ...drain, url });
    expect(await until(receiver, 'line 40')).toEqual(names(1, 40));
    await logplex.removeDrain(drain.id);
    logplex.append(appId, [line('after its end')]);
    await logplex.flush();
  }
  expect(await readdir(join(dir, '.drains'))).toEqual([]);
  expect(receiver.frames).toHaveLength(40);
});

it('ends with its app, and leaves nothing', async () => {
  await using receiver = await HttpReceiver.start();
  await using logplex = await open();
  receiver.answer = () => 500;
  logplex.openDrain({ ...drain, url: receiver.url });
  logplex.append(appId, numbered(1, 3));
  await eventually('a try', () => Promise.resolve(receiver.requests.length > 0));
  await logplex.remove(appId);
  const tries = receiver.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(receiver.requests).toHaveLength(tries);
  expect(await readdir(join(dir, '.drains'))).toEqual([]);
});

it('is not called into the machine by anybody but the operator', async () => {
  await using receiver = await HttpReceiver.start();
  await using logplex = await open();
  logplex.openDrain({ ...drain, mayReachLoopback: false, url: receiver.url });
  logplex.append(appId, numbered(1, 3));
  await eventually('the notice', async () => (await backlog(logplex)).some((text) => text.includes('is not called')));
  expect(receiver.requests).toEqual([]);

  const stranger = { mayReachLoopback: false, port: 443 };
  const operator = { mayReachLoopback: true, port: 443 };
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '[::1]',
    '0.0.0.0',
    '::ffff:127.0.0.1',
    'localhost',
    'a.localhost',
  ]) {
    expect(() => {
      outbound.check({ ...stranger, host });
    }).toThrow("address of the platform's own machine");
    outbound.check({ ...operator, host });
  }
  for (const host of [
    '169.254.169.254',
    'fe80::1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '64:ff9b::a9fe:a9fe',
  ]) {
    expect(() => {
      outbound.check({ ...operator, host });
    }).toThrow('never called');
  }
  for (const host of ['93.184.216.34', '2001:db8::1', 'logs.example.com']) outbound.check({ ...stranger, host });
  openOutbound({ publicPort: () => 5000, allowLoopback: false, allowedNets: [] }).check({
    ...stranger,
    host: '127.0.0.1',
    port: 5000,
  });
});

it('reaches private networks for the operator, and for everybody only where the operator allows it', async () => {
  const publicPort = (): number => 0;
  const open = openOutbound({
    publicPort,
    allowLoopback: false,
    allowedNets: ['192.168.1.0/24', 'fd12::/16', '169.254.0.0/16'],
  });
  const stranger = { mayReachLoopback: false, port: 514 };
  for (const host of ['10.1.2.3', '172.31.0.1', '192.168.2.9', '[fd13::1]', '::ffff:10.1.2.3', '100.64.0.1']) {
    expect(() => {
      open.check({ ...stranger, host });
    }).toThrow('HOKKU_OUTBOUND_ALLOW');
    open.check({ ...stranger, mayReachLoopback: true, host });
  }
  for (const host of ['192.168.1.9', '::ffff:192.168.1.9', '[fd12::9]']) {
    open.check({ ...stranger, host });
    expect(() => {
      outbound.check({ ...stranger, host });
    }).toThrow('a private network');
  }
  // No block that the operator allows opens the metadata service.
  expect(() => {
    open.check({ ...stranger, host: '169.254.169.254' });
  }).toThrow('never called');

  // Names are judged when the socket asks for their address.
  const resolved = (target: OutboundTarget): Promise<Error | null> =>
    new Promise((resolve) => {
      open.lookup(target)('10.1.2.3', { all: true }, resolve);
    });
  expect(await resolved({ ...stranger, host: '10.1.2.3' })).toMatchObject({ name: 'OutboundRefusedError' });
  expect(await resolved({ ...stranger, host: '10.1.2.3', mayReachLoopback: true })).toBeNull();
});

it.each([
  ['ftp://host/x', 'is not a drain'],
  ['not a url', 'contains spaces'],
  ['https://host/\u0000', 'control characters'],
  ['syslog://', 'names no host'],
  ['syslog://host:0', 'port 0'],
  ['syslog://user:pass@host:514', 'syslog does not know'],
  ['http://example.com/', 'unencrypted'],
  ['https://a%ZZ@host/', 'broken %'],
  ['unix:/run/x.sock', 'is not a drain'],
  [`https://host/${'x'.repeat(3000)}`, '2048'],
])('takes no %s for a receiver', (url, why) => {
  expect(() => parseDrainUrl(url)).toThrow(why);
});

async function backlog(logplex: Logplex): Promise<readonly string[]> {
  const { token } = logplex.createSession(appId, { lines: 1500, tail: false, filter: {} });
  const all: string[] = [];
  for await (const batch of logplex.openSession(token, null)?.lines(new AbortController().signal) ?? []) {
    all.push(...batch.map(({ text }) => text));
  }
  return all;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it('survives a name that does not exist, and goes on asking for it', async () => {
  await using logplex = await open();
  const failures: string[] = [];
  const target = { host: 'receiver.invalid', port: 443, mayReachLoopback: true };
  await new Promise<void>((resolve) => {
    outbound.lookup(target)('receiver.invalid', { all: true }, (error) => {
      failures.push(error?.code ?? 'none');
      resolve();
    });
  });
  expect(failures).toEqual([expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/)]);
  logplex.openDrain({ ...drain, url: 'https://receiver.invalid/' });
  logplex.append(appId, [line('kept')]);
  await logplex.flush();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(messagesOf(await backlog(logplex))).toEqual(['kept']);
});

const messagesOf = (lines: readonly string[]): string[] => lines.map((text) => text.slice(text.indexOf(': ') + 2));
