/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import ssh2, { type Client } from 'ssh2';
import { runStory } from '../compatibility/run-story.ts';
import { execStory } from '../compatibility/stories.ts';
import { HerokuCli, installHerokuCli, type CliResult } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
const canListen = await mayListenOn(80);
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
if (!canListen) process.stderr.write('skipped: port 80 can not be had, and the official CLI knows no other one\n');
const isReady = installation.status === 'installed' && canListen;
const itWithCli = isReady ? it : it.skip;

let rig: PlatformRig;
let cli: HerokuCli;
let app: RigApp;
let sidePort = 0;

const server = `
import http.server, os, threading
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'from the side door')
    def log_message(self, *args): pass
port = int(os.environ['PORT'])
side = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Hello)
threading.Thread(target=side.serve_forever, daemon=True).start()
open('side-port', 'w').write(str(side.server_port))
open('big', 'wb').write(bytes(range(256)) * 40000)
http.server.ThreadingHTTPServer(('', port), Hello).serve_forever()
`;

beforeAll(async () => {
  const settings = { HOKKU_STOP_GRACE: '3', ...(isReady ? { HOKKU_EXEC_PORT: '80' } : {}) };
  rig = await PlatformRig.start({ settings });
  if (installation.status === 'installed') cli = await HerokuCli.open(installation, rig);
  app = await rig.createApp();
  await app.write({
    'requirements.txt': '',
    'server.py': server,
    Procfile: 'web: python server.py\n',
    '.profile.d/noise.sh': 'echo noise; export FROM_PROFILE=yes\n',
  });
  await app.commit();
  const push = await app.push();
  if (push.exitCode !== 0) throw new Error(push.output);
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { GREETING: 'hello' });
  await eventually('v4 runs', async () =>
    (await app.dynos()).some(({ release, state }) => release.version === 4 && state === 'up'),
  );
});

afterAll(async () => {
  if (installation.status === 'installed') await cli[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const at = (command: string, ...args: readonly string[]): string[] => [command, '--app', app.name, ...args];
const heroku = (command: string, ...args: string[]): Promise<CliResult> => cli.run(at(command, ...args), cli.home);

itWithCli('runs commands and shells inside of a running dyno', async () => {
  const [status, command] = await Promise.all([
    heroku('ps:exec', '--status'),
    heroku('ps:exec', '--', 'echo "$GREETING $FROM_PROFILE $DYNO"; test -f side-port && tty'),
  ]);
  expect(status.stdout).toMatch(/web\.1 +up +running/);
  const { json: audit } = await rig.api('GET', `/apps/${app.name}/audit`);
  expect(audit).toContainEqual(expect.objectContaining({ action: 'dyno:enter', detail: 'by SSH into web.1' }));
  expect(command.stdout).toMatch(/noise\s+hello yes web\.1\s+\/dev\/pts\/\d+\s/);

  using terminal = cli.terminal(at('ps:exec'), cli.home, { cols: 80, rows: 24 });
  await terminal.sees(/\$ .*$/m);
  terminal.type('echo "in $DYNO"\n');
  await terminal.sees(/\nin web\.1\r*\n|[\r\n]in web\.1\r*\n/);
  terminal.type('exit\n');
  expect(await terminal.ends()).toBe(0);
});

itWithCli('copies a file out of a dyno, forwards its ports, and lets nobody to others', async () => {
  const copied = await heroku('ps:copy', 'big', '--output', join(cli.home, 'copy'));
  if (copied.exitCode !== 0) throw new Error(JSON.stringify(copied));
  const wanted = Buffer.concat(
    Array.from({ length: 40_000 }, () => Buffer.from(Array.from({ length: 256 }, (_, n) => n))),
  );
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  expect(digest(await readFile(join(cli.home, 'copy')))).toBe(digest(wanted));
  const missing = await heroku('ps:copy', '/etc/no-such-file', '--output', join(cli.home, 'none'));
  expect(missing.exitCode).not.toBe(0);

  const shown = await heroku('ps:exec', '--', 'echo "side=$(cat side-port)"');
  const port = /side=(\d+)/.exec(shown.stdout)?.[1] ?? '';
  const local = String(await freePort());
  const forward = cli.start(at('ps:forward', `${local}:${port},${Number(local) + 1}:${rig.port}`), cli.home);
  let said = '';
  forward.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(forward, 'close');
  try {
    await eventually('it listens', () => Promise.resolve(said.includes(`forwarding to web.1:${port}`)));
    expect(await get(Number(local))).toBe('from the side door');
    // The platform's own port is none of the dyno's.
    expect(await get(Number(local) + 1).catch(() => 'refused')).toBe('refused');
  } finally {
    forward.kill('SIGINT');
    await ended;
  }
});

itWithCli('the unmodified official CLI gets into running dynos', async () => {
  if (installation.status === 'missing') return;
  expect(await runStory(execStory, installation, rig)).toEqual([]);
});

it('lets nobody in without a token, or into a dyno that is not up', async () => {
  const put = async (path: string, credentials: string, body = '{"client_key":"ssh-rsa nonsense"}') => {
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await rig.request('127.0.0.1', path, { method: 'PUT', headers, body });
    return [answer.status, (JSON.parse(answer.body) as { message: string }).message];
  };
  const says = (text: string): unknown => expect.stringContaining(text);
  const made = await rig.api('POST', '/oauth/authorizations', { scope: ['read'] });
  const { token: reading } = (made.json as { access_token: { token: string } }).access_token;
  expect(await put('/api/v2/web.1', `${app.name}:wrong`)).toEqual([401, says('heroku login')]);
  expect(await put('/api/v2/web.1', `${app.name}:${reading}`)).toEqual([403, says('authorizations:create')]);
  expect(await put('/api/v2/web.1', `nobodys-app:${rig.token}`)).toEqual([404, says('app')]);
  expect(await put('/api/v2/web.2', `${app.name}:${rig.token}`)).toEqual([404, says('heroku ps')]);
  expect(await put('/api/v2/web.1', `${app.name}:${rig.token}`)).toEqual([422, says('id_ed25519.pub')]);
  expect(await put('/api/v2/web.1', `${app.name}:${rig.token}`, '{')).toEqual([400, says('JSON object')]);
});

it('lets nobody in any longer than the access lasts that let him in', async () => {
  const made = await rig.api('POST', '/accounts', { email: 'bob@example.com', password: 'correct horse' });
  const bob = (made.json as { access_token: { token: string } }).access_token.token;
  const asBob = { authorization: `Bearer ${bob}` };
  const collaborators = `/teams/apps/${app.name}/collaborators`;
  const share = () => rig.api('POST', collaborators, { user: 'bob@example.com', permissions: ['view', 'operate'] });
  const second = await rig.api('POST', '/oauth/authorizations', { scope: ['global'] }, asBob);
  const { id, access_token: other } = second.json as { id: string; access_token: { token: string } };
  const everywhere = ['shell', 'file', 'port'];

  const endings = [
    { token: bob, end: () => rig.api('DELETE', `${collaborators}/bob@example.com`) },
    { token: other.token, end: () => rig.api('DELETE', `/oauth/authorizations/${id}`, undefined, asBob) },
    { token: bob, end: () => rig.api('PATCH', `${collaborators}/bob@example.com`, { permissions: ['view'] }) },
    { token: bob, end: () => rig.api('DELETE', '/accounts/bob@example.com') },
  ];
  for (const { token, end } of endings) {
    await share();
    await rig.api('PATCH', `${collaborators}/bob@example.com`, { permissions: ['view', 'operate'] });
    const enter = await reserve(token);
    const client = await enter();
    try {
      expect(await waysIn(client)).toEqual(everywhere);
      expect((await end()).status).toBeLessThan(300);
      expect(await waysIn(client)).toEqual([]);
      await expect(enter()).rejects.toThrow('authentication');
    } finally {
      client.end();
    }
  }
});

/** What `heroku ps:exec` does first. Resolves to what opens an SSH connection with the reservation. */
async function reserve(token: string): Promise<() => Promise<Client>> {
  const keys = ssh2.utils.generateKeyPairSync('ed25519');
  const authorization = `Basic ${Buffer.from(`${app.name}:${token}`).toString('base64')}`;
  const answer = await rig.request('127.0.0.1', '/api/v2/web.1', {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ client_key: keys.public }),
  });
  expect(answer.status).toBe(200);
  const { client_user: username } = JSON.parse(answer.body) as { client_user: string };
  return () =>
    new Promise((resolve, reject) => {
      const client = new ssh2.Client();
      client.once('ready', () => {
        resolve(client);
      });
      client.once('error', reject);
      client.connect({ host: '127.0.0.1', port: rig.port, username, privateKey: keys.private });
    });
}

/** Through which of its doors the dyno lets the client. */
async function waysIn(client: Client): Promise<string[]> {
  const said = await new Promise<string>((resolve, reject) => {
    client.exec('echo "side=$(cat side-port)"', (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      let output = '';
      channel.on('data', (chunk: Buffer) => (output += chunk.toString()));
      channel.stderr.on('data', () => undefined);
      channel.once('close', () => {
        resolve(output);
      });
    });
  });
  const port = /side=(\d+)/.exec(said)?.[1];
  sidePort = port === undefined ? sidePort : Number(port);
  const hasFile = await new Promise<boolean>((resolve) => {
    client.sftp((error, sftp) => {
      if (error === undefined) {
        sftp.stat('/app/big', (failure) => {
          resolve(failure === undefined);
        });
      } else resolve(false);
    });
  });
  const hasPort = await new Promise<boolean>((resolve) => {
    client.forwardOut('127.0.0.1', 1, 'localhost', sidePort, (error, channel) => {
      if (error === undefined) channel.destroy();
      resolve(error === undefined);
    });
  });
  return [port !== undefined && 'shell', hasFile && 'file', hasPort && 'port'].filter((way) => way !== false);
}

function get(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, timeout: 10_000 }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.once('end', () => {
        resolve(body);
      });
      response.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.end();
  });
}

async function freePort(): Promise<number> {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  listener.close();
  return port;
}

async function mayListenOn(port: number): Promise<boolean> {
  const listener = createServer();
  const outcome = new Promise<boolean>((resolve) => {
    listener.once('error', () => {
      resolve(false);
    });
    listener.listen(port, '127.0.0.1', () => {
      resolve(true);
    });
  });
  const may = await outcome;
  listener.close();
  return may;
}
