import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { checkout, eventually, PlatformRig } from '../rig/platform-rig.ts';
import { processesIn, processesWith } from '../rig/process-list.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-command-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `hokku` of an operator whose environment holds nothing but this, and the data folder of the test. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Hokku {
  return new Hokku(args, { HOKKU_DATA_DIR: join(dir, 'data'), HOKKU_PORT: '0', ...env });
}

class Hokku {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [join(checkout, 'dist', 'main.js'), ...args], {
      cwd: dir,
      env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (exitCode) => {
        resolve({ exitCode, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  async ready(): Promise<void> {
    await eventually('the line that says so', () => Promise.resolve(this.stdout.includes('listening on')));
  }
}

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  start(args, env).ended;

it('explains itself, and ends with 2 when the command line is wrong', async () => {
  const [help, server, version, nothing, unknown, option, shell] = await Promise.all([
    run(['--help']),
    run(['server', '--help']),
    run(['--version']),
    run([]),
    run(['serve']),
    run(['demo', '--twice']),
    run(['env', '--shell', 'tcsh']),
  ]);

  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  for (const command of ['server', 'stop', 'doctor', 'env', 'demo'])
    expect(help.stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  expect(server).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Usage: hokku server') });
  expect(version).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(nothing).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('Usage: hokku') });
  expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("unknown command 'serve'") });
  expect(option).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("unknown option '--twice'") });
  expect(shell).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Allowed: sh, fish, powershell.') });
});

it('says in one line which setting is wrong and what is allowed, and shows no secret', async () => {
  const wrong: readonly (readonly [env: Readonly<Record<string, string>>, line: string])[] = [
    [{ HOKKU_PORT: '70000' }, 'HOKKU_PORT="70000" is not usable. Allowed: a whole number from 0 to 65535.'],
    [{ HOKKU_BIND: 'everywhere' }, 'HOKKU_BIND="everywhere" is not usable. Allowed: an IP address'],
    [{ HOKKU_DOMAIN: 'http://x' }, 'HOKKU_DOMAIN="http://x" is not usable. Allowed: a domain name without port'],
    [{ HOKKU_LOG_LEVEL: 'loud' }, 'HOKKU_LOG_LEVEL="loud" is not usable. Allowed: trace, debug, info'],
    [{ HOKKU_SANDBOX: 'docker' }, 'HOKKU_SANDBOX="docker" is not usable. Allowed: auto, bwrap, unshare, process.'],
    [{ HOKKU_BOOT_TIMEOUT: '1m' }, 'HOKKU_BOOT_TIMEOUT="1m" is not usable. Allowed: a whole number from 1 to 600.'],
    [{ HOKKU_ADMIN_EMAIL: 'ada' }, 'HOKKU_ADMIN_EMAIL="ada" is not usable. Allowed: an e-mail address.'],
    [{ HOKKU_TLS_CERT: '/cert.pem' }, 'HOKKU_TLS_CERT and HOKKU_TLS_KEY go together'],
    [{ HOKKU_DATABASE_URL: 'mysql://a:hunter2@h/d' }, 'HOKKU_DATABASE_URL is not usable. Allowed: postgres://'],
    [{ HOKKU_API_KEY: 'hunter2' }, 'HOKKU_API_KEY is not usable. Allowed: 8 to 256 printable characters'],
    [{ HOKKU_SECRET_KEY: 'hunter2' }, 'HOKKU_SECRET_KEY is not usable. Allowed: 64 hex digits'],
  ];
  for (let n = 0; n < wrong.length; n += 3) {
    await Promise.all(
      wrong.slice(n, n + 3).map(async ([env, line], index) => {
        const ended = await run(['server'], { HOKKU_DATA_DIR: join(dir, String(n + index)), ...env });
        expect({ env, ...ended }).toEqual({
          env,
          exitCode: 1,
          stdout: '',
          stderr: expect.stringMatching(/^hokku: .*\n$/),
        });
        expect(ended.stderr).toContain(line);
        expect(ended.stderr).not.toContain('hunter2');
      }),
    );
  }
});

it('examines the machine for a reader and for a program', async () => {
  const [text, json] = await Promise.all([run(['doctor']), run(['doctor', '--json'])]);

  expect(text.exitCode).toBe(0);
  expect(text.stdout).toMatch(/^ok {7}git: \d/m);
  const findings = JSON.parse(json.stdout) as { name: string; status: string; required: boolean }[];
  expect(json).toMatchObject({ exitCode: 0, stderr: '' });
  for (const name of ['node', 'git', 'bash', 'tar', 'python3', 'isolation', 'disk', 'port'])
    expect(findings).toContainEqual(expect.objectContaining({ name }));
  expect(text.stdout + json.stdout).not.toContain('\u001b');
  // It looks, and leaves nothing.
  await expect(stat(join(dir, 'data'))).rejects.toThrow('ENOENT');
});

it('guards its data folder and its port, warns of unknown settings, and tells its token once', async () => {
  await expect(run(['env'])).resolves.toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^hokku: There is no platform in .* yet\. Start one with `hokku server`/),
  });
  const server = start(['server'], { HOKKU_PROT: '80' });
  await server.ready();
  const port = /:(\d+) /.exec(server.stdout)?.[1] ?? '';
  const token = (await readFile(join(dir, 'data', 'admin-token'), 'utf8')).trim();
  expect(server.stdout).toContain(`token of admin@localhost: ${token}\n`);
  expect(server.stderr).toMatch(/"HOKKU_PROT".*unknown setting ignored/);
  expect((await stat(join(dir, 'data', 'admin-token'))).mode & 0o777).toBe(0o600);
  expect(processesWith(token)).toEqual([]);

  const [second, sameport, env] = await Promise.all([
    run(['server']),
    run(['server'], { HOKKU_DATA_DIR: join(dir, 'other'), HOKKU_PORT: port }),
    run(['env', '--json']),
  ]);
  expect(second).toMatchObject({ exitCode: 1, stdout: '' });
  expect(second.stderr).toMatch(
    /^hokku: Another platform \(process \d+\) already uses \S+\. Stop it first, or set HOKKU_DATA_DIR\.\n$/,
  );
  expect(sameport).toMatchObject({ exitCode: 1, stdout: '' });
  expect(sameport.stderr).toMatch(new RegExp(`^hokku: .*${port}.*HOKKU_PORT.*\\n$`, 'm'));
  expect(JSON.parse(env.stdout)).toMatchObject({ HEROKU_HOST: `http://localhost:${port}`, HEROKU_API_KEY: token });

  server.child.kill('SIGINT');
  expect(await server.ended).toMatchObject({ exitCode: 130 });
  expect(server.stderr + server.stdout.replace(/token of .*/, '')).not.toContain(token);
  expect(await processesIn(dir)).toEqual([]);

  // Nothing is there that would keep the next one from starting.
  const again = start(['server'], { HOKKU_PORT: port });
  await again.ready();
  expect(again.stdout).not.toContain(token);
  expect((await run(['stop'])).exitCode).toBe(0);
  await again.ended;
  expect(await processesIn(dir)).toEqual([]);
});

it('hokku stop ends what a killed platform left, and SIGTERM leaves the apps for the next start', async () => {
  await using rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '2' } });
  const app = await rig.createApp();
  await app.useFixture('python-stdlib');
  await app.commit();
  expect((await app.push()).exitCode).toBe(0);
  const dyno = async (): Promise<unknown> => {
    const { json } = await rig.api('GET', `/apps/${app.name}/dynos`);
    return (json as readonly { id: string; state: string }[]).map(({ id, state }) => ({ id, state }));
  };
  const before = await dyno();
  const env = { HOKKU_DATA_DIR: rig.dataDir, HOKKU_API_KEY: rig.token, HOKKU_STOP_GRACE: '2' };

  await rig.terminateServer();
  expect((await processesIn(join(rig.dataDir, 'dynos'))).map(({ command }) => command)).toContainEqual(
    expect.stringContaining('dyno web.1'),
  );
  expect((await app.get()).status).toBe(200);
  await rig.startServer();
  expect(await dyno()).toEqual(before);
  expect((await app.get()).status).toBe(200);

  await rig.killServer();
  expect(await run(['stop'], env)).toMatchObject({
    exitCode: 0,
    stdout: `hokku: nothing of ${rig.dataDir} is running any more\n`,
  });
  expect(await processesIn(rig.dataDir)).toEqual([]);
});
