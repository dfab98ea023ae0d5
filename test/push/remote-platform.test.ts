/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { certificateFor } from '../rig/certificate-for.ts';
import { installHerokuCli, type CliResult } from '../rig/heroku-cli.ts';
import { hokkuIn } from '../rig/hokku.ts';
import { checkout, PlatformRig } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

/** Loopback, and yet none of the names that the official CLI takes for this machine. */
const address = '127.0.0.2';

let dir = '';
let rig: PlatformRig;
let url = '';
let fingerprint = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-remote-'));
  const made = await certificateFor(address);
  fingerprint = made.caFingerprint;
  await writeFile(join(dir, 'ca.pem'), made.ca);
  await writeFile(join(dir, 'cert.pem'), made.cert + made.ca);
  await writeFile(join(dir, 'key.pem'), made.key, { mode: 0o600 });
  rig = await PlatformRig.start({
    settings: {
      HOKKU_BIND: address,
      HOKKU_TLS_CERT: join(dir, 'cert.pem'),
      HOKKU_TLS_KEY: join(dir, 'key.pem'),
      HOKKU_STOP_GRACE: '2',
    },
  });
  url = `https://${address}:${rig.port}`;
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

/** Somebody with a home of their own, on another machine as it were. */
async function person(name: string): Promise<{
  readonly home: string;
  readonly hokku: (
    args: readonly string[],
    input?: string,
    env?: Readonly<Record<string, string>>,
  ) => Promise<CliResult>;
}> {
  const home = join(dir, name);
  await mkdir(join(home, '.cache', 'heroku'), { recursive: true });
  await writeFile(join(home, '.cache', 'heroku', 'terms-of-service'), '');
  await writeFile(join(home, '.cache', 'heroku', 'version'), JSON.stringify({ latest: '11.10.0' }));
  return { home, hokku: (args, input = '', env = {}) => hokkuIn(home, { HOME: home, ...env }, args, input) };
}

it('logs in to a platform that proves who it is, and keeps the token to itself', async () => {
  const { home, hokku } = await person('ada');
  const file = join(home, '.config', 'hokku', 'platforms', `${address}_${rig.port}.json`);
  const token = `${rig.token}\n`;

  const stranger = await hokku(['login', url], token);
  expect(stranger).toMatchObject({ exitCode: 1, stdout: '' });
  expect(stranger.stderr).toContain(`  ${fingerprint}\n`);
  expect(stranger.stderr).toContain(`${url} is not trusted. Give its CA with --ca FILE`);
  const wrong = await hokku(['login', url, '--fingerprint', fingerprint.replace(/^../, '00')], token);
  expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not that of --fingerprint') });
  const foreign = await certificateFor(address);
  await writeFile(join(home, 'foreign.pem'), foreign.ca);
  const otherCa = await hokku(['login', url, '--ca', join(home, 'foreign.pem')], token);
  expect(otherCa).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Nothing was sent') });
  const refused = await hokku(['login', url, '--fingerprint', fingerprint], 'HRKU-not-a-token\n');
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('does not accept the token') });
  const clear = await hokku(['login', url.replace('https', 'http')], token);
  // Of this machine, so that plain http is none the worse.
  expect(clear.exitCode).toBe(0);
  await hokku(['logout']);
  await expect(stat(file)).rejects.toThrow('ENOENT');

  const login = await hokku(['login', `${address}:${rig.port}`, '--fingerprint', fingerprint], token);
  expect(login).toMatchObject({ exitCode: 0, stdout: 'Logged in as admin@localhost\n' });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(home, '.config', 'hokku'))).mode & 0o777).toBe(0o700);
  // It is known now, by its own CA alone.
  expect((await hokku(['login', url], token)).exitCode).toBe(0);
  expect(await hokku(['apps'])).toEqual({ exitCode: 0, stdout: 'You have no apps.\n', stderr: '' });
  const list = await hokku(['platforms', '--json']);
  expect(JSON.parse(list.stdout)).toEqual([{ url, email: 'admin@localhost', trust: 'private CA', current: true }]);
  expect(list.stdout + login.stdout + login.stderr).not.toContain(rig.token);
  expect((await hokku(['whoami'], '', { HOKKU_PLATFORM: 'https://elsewhere.example' })).stderr).toContain(
    'You are not logged in to https://elsewhere.example. Log in: hokku login https://elsewhere.example',
  );

  expect((await hokku(['logout', url])).stdout).toBe(`Logged out of ${url}\n`);
  await expect(stat(file)).rejects.toThrow('ENOENT');
  expect((await hokku(['login', url, '--ca', join(dir, 'ca.pem')], token)).exitCode).toBe(0);
});

/** A proxy that writes down whom it is asked for, and lets through to the platform alone: the machine has no other way out. */
class RecordingProxy implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(allowed: string) {
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      response.writeHead(502).end();
    });
    this.#server.on('connect', (request: IncomingMessage, client: Socket) => {
      this.asked.push(request.url ?? '');
      client.on('error', () => undefined);
      if (request.url !== allowed) {
        client.end('HTTP/1.1 502 No way\r\n\r\n');
        return;
      }
      const [host = '', port = ''] = allowed.split(':');
      const onward = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(client);
        client.pipe(onward);
      });
      onward.on('error', () => client.destroy());
      client.on('close', () => onward.destroy());
      this.#sockets.add(client);
    });
  }

  static async start(allowed: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(allowed);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A shell that evaluates `hokku env` and then these lines. */
function shell(home: string, lines: string, env: Readonly<Record<string, string>>): Promise<CliResult> {
  const bin = installation.status === 'installed' ? join(installation.dir, 'node_modules', '.bin') : '';
  const script = `eval "$("$NODE" "$MAIN" env)"\n${lines}`;
  const child: ChildProcess = spawn('sh', ['-c', script], {
    cwd: home,
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: home,
      NODE: process.execPath,
      MAIN: join(checkout, 'dist', 'main.js'),
      NO_COLOR: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ exitCode: code ?? -1, stdout, stderr });
    });
  });
}

itWithCli('leads the official CLI and git to the platform, and the token nowhere else', async () => {
  const { home, hokku } = await person('grace');
  expect((await hokku(['login', url, '--ca', join(dir, 'ca.pem')], `${rig.token}\n`)).exitCode).toBe(0);
  await cp(join(checkout, 'fixtures', 'apps', 'python-stdlib'), join(home, 'work'), { recursive: true });
  await using proxy = await RecordingProxy.start(`${address}:${rig.port}`);
  const behindProxy = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, SSL_CERT_FILE: join(checkout, 'LICENSE') };

  const deploy = await shell(
    home,
    `set -e
     cd work && git init --quiet --initial-branch=main && git add --all && git commit --quiet -m first
     heroku create far-away && git push heroku main && heroku config:set A=1 && heroku ps && heroku webhooks && heroku logs -n 1`,
    behindProxy,
  );
  expect(deploy).toMatchObject({ exitCode: 0 });
  expect(deploy.stdout).toContain(`| https://${address}:${rig.port}/far-away.git\n`);
  expect(deploy.stderr).toContain('Released v3');
  expect(deploy.stdout).toMatch(/^web\.1: (up|starting) /m);
  expect(proxy.asked.length).toBeGreaterThan(4);

  // These have hosts of their own at Heroku, which no variable redirects; and a host that the CLI rejects makes it go there.
  const leaks = [
    'heroku apps:favorites',
    'heroku notifications',
    'heroku ps:autoscale:disable',
    'heroku apps:errors',
    'HEROKU_HOST=paas.example.com heroku apps',
    'env -u HEROKU_HOST heroku apps',
  ];
  for (let n = 0; n < leaks.length; n += 3) {
    await Promise.all(
      leaks.slice(n, n + 3).map(async (command) => {
        const { exitCode, stdout, stderr } = await shell(home, `cd work && ${command}`, behindProxy);
        const said = stderr.replaceAll(/\s+/g, ' ');
        expect({ command, exitCode, stdout, said }).toEqual({
          command,
          exitCode: 1,
          stdout: '',
          said: expect.stringMatching(/Refused to send a request to [a-z.]+\.(heroku|herokai)\.com/),
        });
      }),
    );
  }
  expect(new Set(proxy.asked)).toEqual(new Set([`${address}:${rig.port}`]));

  // Without the guard the first of them would have gone there.
  const unguarded = await shell(home, 'PATH=${PATH#*:}; cd work && heroku apps:favorites', behindProxy);
  expect(unguarded.exitCode).not.toBe(0);
  expect(proxy.asked.filter((host) => !host.startsWith(address))).not.toEqual([]);
});

itWithCli('leaves a shell as it was, and what the CLI starts unguarded', async () => {
  const { home, hokku } = await person('joan');
  await hokku(['login', url, '--ca', join(dir, 'ca.pem')], `${rig.token}\n`);
  await appendFile(join(home, 'company.pem'), await readFile(join(dir, 'ca.pem'), 'utf8'));
  await mkdir(join(home, 'work'));
  await writeFile(join(home, 'work', 'Procfile'), 'show: echo "options=<$NODE_OPTIONS>"\n');
  const given = { NODE_EXTRA_CA_CERTS: join(home, 'company.pem'), NODE_OPTIONS: '--no-deprecation' };

  const around = await shell(
    home,
    'eval "$("$NODE" "$MAIN" env)"; env | grep -c "^HEROKU_\\|^HOKKU_\\|^GIT_CONFIG_"; eval "$("$NODE" "$MAIN" env --unset)"; env',
    given,
  );
  const left = around.stdout.split('\n').slice(1).join('\n');
  expect(left).not.toMatch(/^(HEROKU|HOKKU|GIT_CONFIG_(COUNT|KEY|VALUE))_?/m);
  expect(left).not.toContain(rig.token);
  expect(left).toContain(`NODE_EXTRA_CA_CERTS=${join(home, 'company.pem')}\n`);
  expect(left).not.toContain(join('client', 'bin'));

  const local = await shell(home, 'cd work && heroku local', given);
  expect(local.stdout + local.stderr).toContain('options=<--no-deprecation>');
});
