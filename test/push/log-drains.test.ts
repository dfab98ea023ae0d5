/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { readdirSync, readFileSync, type Dirent } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { HttpReceiver, messageOf, splitFrames, SyslogReceiver, type Certificate } from '../rig/log-receivers.ts';
import { expectNothingLeft } from '../rig/nothing-left.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { receiverCertificate } from '../rig/receiver-certificate.ts';
import { startLoad } from '../rig/request-load.ts';
import { pushTiny, tinyApp } from '../rig/tiny-app.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;
let certificate: Certificate;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hokku-receivers-'));
  const made = await receiverCertificate(folder);
  ({ certificate } = made);
  rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '1', NODE_EXTRA_CA_CERTS: made.ca } });
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const ticker = `
import itertools, time
for n in itertools.count(1):
    print(f"tick {n}", flush=True)
    time.sleep(0.02)
`;

/** An app whose worker counts. */
async function tickingApp(): Promise<RigApp> {
  const app = await rig.createApp();
  await app.write({
    ...tinyApp('one', 'web: exec python server.py\nworker: exec python ticker.py\n'),
    'ticker.py': ticker,
  });
  await app.commit('ticking');
  expect((await app.push()).exitCode).toBe(0);
  expect((await rig.api('PATCH', `/apps/${app.name}/formation/worker`, { quantity: 1 })).status).toBe(200);
  return app;
}

async function addDrain(app: RigApp, url: string): Promise<void> {
  expect(await rig.api('POST', `/apps/${app.name}/log-drains`, { url })).toMatchObject({ status: 201, json: { url } });
}

const ticksOf = (frames: readonly string[]): readonly number[] =>
  frames.flatMap((frame) => {
    const tick = /^tick (\d+)$/.exec(messageOf(frame))?.[1];
    return tick === undefined ? [] : [Number(tick)];
  });

const countUp = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** What an HTTPS receiver knows when it counts each Logplex-Frame-Id once, as Heroku advises. */
function distinct(receiver: HttpReceiver): readonly string[] {
  const seen = new Set<string>();
  return receiver.requests
    .filter(({ answered }) => answered === 204)
    .filter(({ headers }) => {
      const id = String(headers['logplex-frame-id']);
      const isNew = !seen.has(id);
      seen.add(id);
      return isNew;
    })
    .flatMap(({ body }) => splitFrames(body));
}

itWithCli('adds, shows and removes drains with the official CLI, and sends them the log', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  await using https = await HttpReceiver.start({ certificate });
  await using syslog = await SyslogReceiver.start({ certificate });
  await using plain = await SyslogReceiver.start();
  const app = await rig.createApp('drained');
  await pushTiny(app, 'drained');
  const heroku = async (...args: string[]): Promise<string> => {
    const result = await cli.run([...args, '--app', 'drained'], app.dir);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result.stdout;
  };
  const long = `${https.url.replace('https://', 'https://user:s3cr3t-of-a-drain@')}/logs?${'x'.repeat(200)}`;
  const urls = [long, `syslog+tls://localhost:${syslog.port}`, `syslog://localhost:${plain.port}`];
  for (const url of urls) expect(await heroku('drains:add', url)).toBe(`Successfully added drain ${url}\n`);
  const list = await heroku('drains');
  for (const url of urls) expect(list).toContain(`${url} (d.`);
  const drains = JSON.parse(await heroku('drains', '--json')) as { token: string; url: string }[];
  expect(drains.map(({ url }) => url).sort()).toEqual(urls.toSorted());
  const tokenOf = (url: string | undefined): string => drains.find((drain) => drain.url === url)?.token ?? 'none';

  await app.get('/hello');
  await rig.api('PATCH', '/apps/drained', { maintenance: true });
  const expected = [
    /^<158>1 \S+ \S+ heroku router - at=info method=GET path="\/hello"/m,
    /^<190>1 \S+ \S+ app api - Maintenance mode on by user admin@localhost$/m,
  ];
  for (const receiver of [https, syslog, plain]) {
    await eventually('both lines', () => {
      const all = receiver.frames.join('');
      return Promise.resolve(expected.every((line) => line.test(all)));
    });
  }
  expect(https.requests[0]?.headers).toMatchObject({
    'logplex-drain-token': tokenOf(long),
    authorization: `Basic ${Buffer.from('user:s3cr3t-of-a-drain').toString('base64')}`,
  });

  expect(await heroku('drains:remove', long)).toContain('Successfully removed drain');
  expect(await heroku('drains:remove', tokenOf(urls[1]))).toContain('Successfully removed drain');
  const before = [https.requests.length, syslog.frames.length];
  await rig.api('PATCH', '/apps/drained', { maintenance: false });
  await eventually('the line at the last drain', () =>
    Promise.resolve(plain.frames.map(messageOf).some((message) => message.startsWith('Maintenance mode off'))),
  );
  expect([https.requests.length, syslog.frames.length]).toEqual(before);
  expect(secretIn(rig.dataDir)).toEqual([]);
  expect(rig.platformLog).not.toContain('s3cr3t-of-a-drain');
  await heroku('drains:remove', urls[2] ?? '');
  expect(await heroku('drains')).toBe('');
});

it('loses nothing and repeats nothing through kill -9 of the platform, with receivers that fail', async () => {
  await using https = await HttpReceiver.start({ certificate });
  await using syslog = await SyslogReceiver.start({ certificate });
  let requests = 0;
  // Every third request is taken or refused too late to be heard of.
  https.answer = async () => {
    requests += 1;
    if (requests % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    return requests % 5 === 0 ? 503 : 204;
  };
  const app = await tickingApp();
  await addDrain(app, https.url);
  await addDrain(app, `syslog+tls://localhost:${syslog.port}`);
  await eventually('the first ticks', () => Promise.resolve(ticksOf(https.frames).length > 10));

  for (let n = 0; n < 4; n += 1) {
    const last = ticksOf(https.frames).at(-1) ?? 0;
    await rig.killServer();
    await rig.startServer();
    await eventually('more ticks', () => Promise.resolve((ticksOf(https.frames).at(-1) ?? 0) > last + 40));
  }
  const ticks = ticksOf(distinct(https));
  expect(ticks).toEqual(countUp(ticks[0] ?? 0, ticks.at(-1) ?? 0));
  expect(ticks.length).toBeGreaterThan(160);
  await eventually('the same at the syslog receiver', () =>
    Promise.resolve((ticksOf(syslog.frames).at(-1) ?? 0) >= (ticks.at(-1) ?? 0)),
  );
  const received = ticksOf(syslog.frames);
  const unique = [...new Set(received)];
  expect(unique).toEqual(countUp(unique[0] ?? 0, unique.at(-1) ?? 0));
  // Syslog has no ids: what was in the air at a kill may come twice.
  expect(received.length - unique.length).toBeLessThan(4 * 20);
  await rig.api('DELETE', `/apps/${app.name}`);
  await expectNothingLeft(rig);
});

it('tells the app of a receiver with a wrong certificate, and delivers once it has the right one', async () => {
  const strange = await mkdtemp(join(tmpdir(), 'hokku-strange-'));
  const app = await rig.createApp();
  await pushTiny(app, 'careful');
  let port: number;
  {
    await using receiver = await HttpReceiver.start({ certificate: (await receiverCertificate(strange)).certificate });
    ({ port } = receiver);
    await addDrain(app, `https://user:hidden@localhost:${port}/`);
    await app.get('/unseen');
    await eventually('L14', async () => (await app.logs()).some((line) => line.includes('Error L14')));
    expect((await app.logs()).join('\n')).toMatch(
      /heroku\[logplex\]: Error L14 \(certificate validation\): error="\w+" uri="localhost"/,
    );
    expect((await app.logs()).join('\n')).not.toContain('hidden');
    expect(receiver.requests).toEqual([]);
  }
  await using right = await HttpReceiver.start({ certificate, port });
  await eventually('the kept lines', () => Promise.resolve(right.frames.some((frame) => frame.includes('/unseen'))));
  await rm(strange, { recursive: true, force: true });
});

it('a flood into receivers that hang holds up nobody, memory stays bounded, and what was dropped is counted', async () => {
  await using hanging = await HttpReceiver.start({ certificate });
  await using stuck = await SyslogReceiver.start();
  let isHanging = true;
  hanging.answer = () => (isHanging ? 'silence' : 204);
  // Takes the connection and then reads nothing.
  stuck.onConnection = (socket) => socket.pause();
  const loud = await rig.createApp();
  const quiet = await rig.createApp();
  await Promise.all([pushTiny(loud, 'loud'), pushTiny(quiet, 'quiet')]);
  await addDrain(loud, hanging.url);
  await addDrain(loud, `syslog://localhost:${stuck.port}`);
  const megabyte = 1024 * 1024;
  const memory = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${rig.pid}/status`, 'utf8'))?.[1]) *
    1024;
  const memoryBefore = memory('VmRSS');

  await using load = startLoad(quiet);
  await loud.get('/flood?mb=200');
  await eventually('the end of the flood', async () =>
    (await loud.logs({ lines: 50 })).join().includes('flood is over'),
  );
  const { failures, slowestMs } = await load.stop();
  expect(failures).toEqual([]);
  expect(slowestMs).toBeLessThan(5_000);
  expect(memory('VmRSS') - memoryBefore).toBeLessThan(200 * megabyte);

  isHanging = false;
  await eventually('what is left', () =>
    Promise.resolve(hanging.frames.some((frame) => messageOf(frame) === 'flood is over')),
  );
  const losses = hanging.frames.filter((frame) => messageOf(frame).startsWith('Error L10'));
  expect(losses.length).toBeGreaterThan(0);
  expect(losses[0]).toMatch(
    /^<172>1 \S+ host heroku logplex - Error L10 \(output buffer overflow\): \d+ messages dropped since/,
  );
  expect((await loud.logs({ source: 'heroku', dyno: 'logplex' })).join('\n')).toMatch(
    /Error L10 \(Drain buffer overflow\) -> Log drain d\./,
  );
});

/** Files below the folder in which the password stands in the clear. What can't be read here, such as the work folders of mounts, holds nothing. */
function secretIn(dir: string): readonly string[] {
  return entriesOf(dir).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return secretIn(path);
    return entry.isFile() && contentOf(path).includes('s3cr3t-of-a-drain') ? [path] : [];
  });
}

function entriesOf(dir: string): readonly Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
