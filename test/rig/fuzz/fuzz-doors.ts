import { gzipSync } from 'node:zlib';
import type { PlatformRig, RigApp } from '../platform-rig.ts';
import { exchange } from './exchange.ts';
import { anyJson, mutate, type Random } from './random.ts';

interface Door {
  readonly rig: PlatformRig;
  readonly app: RigApp;
  readonly random: Random;
}

/** What a door did that it never may, each with the bytes that made it. */
type Wrong = readonly string[];

const basic = (token: string): string => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;

/** Damaged pushes and fetches, in whole, in pieces and packed, with the right token: git smart HTTP. */
export async function fuzzReceiver(rounds: number, { rig, app, random }: Door): Promise<Wrong> {
  const honest = await pushRequest(app);
  const fetch = Buffer.from(`0032want ${await headOf(app)}\n00000009done\n`);
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const isPush = !random.chance(4);
    const tokens = [
      '0000',
      '0001',
      '0004',
      'fff0',
      'PACK',
      'refs/heads/main',
      'refs/heads/../x',
      'push-options',
      '\0atomic',
    ];
    const raw = mutate(isPush ? honest : fetch, random, tokens);
    // What would be a deploy is a good push: builds are not what is tried here.
    if (raw.includes('refs/heads/main') || raw.includes('refs/heads/master')) continue;
    const isPacked = random.chance(4);
    const body: Buffer = isPacked ? damaged(gzipSync(raw), random) : raw;
    const service = isPush ? 'git-receive-pack' : 'git-upload-pack';
    const lines = [
      `POST /${app.name}.git/${service} HTTP/1.1`,
      `Host: 127.0.0.1:${rig.port}`,
      `Authorization: ${basic(rig.token)}`,
      `Content-Type: application/x-${service}-request`,
      'Connection: close',
      ...(isPacked ? ['Content-Encoding: gzip'] : []),
      ...(random.chance(5) ? [`Git-Protocol: ${random.pick(['version=2', 'version=1:x', 'version=99', ':::'])}`] : []),
    ];
    wrong.push(...(await answered(`${service} ${round}`, rig.port, framed(lines, body, random), body)));
  }
  return wrong;
}

/** Requests of the API with a right token and JSON that nobody would send, and paths that are near to right ones. */
export async function fuzzApi(rounds: number, { rig, app, random }: Door): Promise<Wrong> {
  const paths = [
    'formation',
    'config-vars',
    'domains',
    'log-drains',
    'webhooks',
    'collaborators',
    'features/x',
    'log-sessions',
  ];
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const text = JSON.stringify(anyJson(random));
    const body = random.chance(3) ? mutate(Buffer.from(text), random) : Buffer.from(text);
    // Nothing that would start a dyno or a build, or take the app away.
    const method = random.pick(['GET', 'PUT', 'POST', 'OPTIONS', 'HEAD', 'BREW']);
    const path = `/apps/${app.name}/${random.pick(paths)}`;
    const target = random.chance(3)
      ? mutate(Buffer.from(path), random, ['?', '%', '/..', '~']).toString('latin1')
      : path;
    const lines = [
      `${method} ${target} HTTP/1.1`,
      `Host: 127.0.0.1:${rig.port}`,
      `Authorization: Bearer ${rig.token}`,
      'Accept: application/vnd.heroku+json; version=3',
      'Connection: close',
      ...(random.chance(4)
        ? [`Range: ${mutate(Buffer.from('id ..; max=10, order=desc'), random).toString('latin1')}`]
        : []),
    ];
    wrong.push(...(await answered(`API ${round} ${method} ${target}`, rig.port, framed(lines, body, random), body)));
  }
  return wrong;
}

/** What comes before any HTTP on the public port: SSH, TLS, rendezvous secrets, upgrades. */
export async function fuzzConnections(rounds: number, { rig, random }: Door): Promise<Wrong> {
  const ssh = Buffer.from('SSH-2.0-OpenSSH_9.6\r\n\0\0\0\x14\x06\x14aaaaaaaaaaaaaaaa');
  const hello = Buffer.from(
    '16030100a0010000' +
      '9c0303' +
      '00'.repeat(32) +
      '00000213010100' +
      '0071' +
      '0000000e000c0000096c6f63616c686f7374',
    'hex',
  );
  const upgrade = Buffer.from(
    `GET /attach/run-made-up HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nSSH-2.0-x\r\n`,
  );
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const kind = random.int(4);
    const bytes = mutate([ssh, hello, upgrade, Buffer.from('a1b2c3d4e5?x=y\r\nls\n')][kind] ?? ssh, random);
    const heard = await exchange(rig.port, [bytes], { tls: kind === 3, quietMs: 60 });
    for (const status of heard.statuses.filter((each) => each >= 500)) {
      wrong.push(`connection ${round}: ${status} to ${shown(bytes)}`);
    }
  }
  return wrong;
}

/** The next good request works, the process is the same one, and its memory is what it was, within reason. */
export async function isWell({ rig, app }: Door, pid: number, maxRssBytes: number, rss: number): Promise<Wrong> {
  const wrong: string[] = [];
  if (rig.pid !== pid) wrong.push(`the control plane is another process: ${pid}, now ${rig.pid}`);
  const status = (await rig.api('GET', `/apps/${app.name}`)).status;
  if (status !== 200) wrong.push(`a good request is answered with ${status}`);
  await app.commit();
  const push = await app
    .git('push', '--quiet', 'heroku', 'HEAD:refs/heads/kept')
    .catch((error: unknown) => String(error));
  if (typeof push === 'string' && push.includes('error')) wrong.push(`a good push fails: ${push}`);
  if (rss > maxRssBytes) wrong.push(`the control plane has ${Math.round(rss / 1024 ** 2)} MB`);
  const lines = rig.platformLog.split('\n').filter((line) => /"level":(50|60)/.test(line));
  return [...wrong, ...lines.map((line) => `the platform's log: ${line.slice(0, 1000)}`)];
}

// Private

async function answered(what: string, port: number, pieces: readonly Buffer[], body: Buffer): Promise<Wrong> {
  const heard = await exchange(port, pieces, { quietMs: 10_000 });
  if (!heard.isClosed) return [`${what} hangs on ${shown(body)}`];
  const failed = heard.statuses.filter((status) => status >= 500 && status !== 501);
  return failed.map((status) => `${what}: ${status} ${heard.text.slice(-300)} to ${shown(body)}`);
}

/** With a length, or in chunks of any size. */
function framed(lines: readonly string[], body: Buffer, random: Random): Buffer[] {
  if (random.chance(2)) {
    return [Buffer.from(`${[...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`, 'latin1'), body];
  }
  const pieces: Buffer[] = [Buffer.from(`${[...lines, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n`, 'latin1')];
  for (let at = 0; at < body.length;) {
    const chunk = body.subarray(at, at + 1 + random.int(random.chance(3) ? 5 : 500));
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
    at += chunk.length;
  }
  return [...pieces, Buffer.from('0\r\n\r\n')];
}

function damaged(bytes: Buffer, random: Random): Buffer {
  return random.chance(2) ? mutate(bytes, random) : bytes;
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1').slice(0, 400));
}

async function headOf(app: RigApp): Promise<string> {
  return (await app.git('rev-parse', 'HEAD')).trim();
}

/** Of a branch that is kept and not built. */
async function pushRequest(app: RigApp): Promise<Buffer> {
  const head = await headOf(app);
  const pack = await app.gitWithInput(`${head}\n`, 'pack-objects', '--revs', '--stdout', '-q');
  const line = `${'0'.repeat(40)} ${head} refs/heads/kept\0 report-status side-band-64k push-options agent=fuzz`;
  const options = '000bkey=val0000';
  return Buffer.concat([Buffer.from(`${packet(line)}0000${options}`), pack]);
}

function packet(line: string): string {
  return `${(line.length + 4).toString(16).padStart(4, '0')}${line}`;
}
