import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runFolder } from '../../src/run-folder.ts';
import { HokkuCommand, type Ended } from '../rig/hokku-command.ts';
import { PlatformRig } from '../rig/platform-rig.ts';
import { processesIn, processesWith } from '../rig/process-list.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hokku-command-'));
  await chmod(dir, 0o711);
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): HokkuCommand =>
  new HokkuCommand(dir, args, env);
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
    [{ HOKKU_DATA_DIR: '/proc/hokku' }, 'HOKKU_DATA_DIR="/proc/hokku" is not usable. Allowed: a folder on a disk'],
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
        expect({ env, ...ended }).toMatchObject({
          env,
          exitCode: 1,
          stdout: '',
          complaint: expect.stringMatching(/^hokku: .*\n$/),
        });
        expect(ended.stderr).toContain(line);
        expect(ended.stderr).not.toContain('hunter2');
      }),
    );
  }
});

it('leaves nothing outside of its data folder, after Ctrl-C and after hokku stop', async () => {
  // Too deep for a socket in it.
  const env = { HOKKU_DATA_DIR: join(dir, 'd'.repeat(100)) };
  const outside = runFolder(env.HOKKU_DATA_DIR);
  expect(outside).toMatch(/^\/tmp\/hokku-/);
  const server = start(['server'], env);
  await server.ready();
  expect(existsSync(outside)).toBe(true);
  server.child.kill('SIGINT');
  await server.ended;
  expect(existsSync(outside)).toBe(false);

  const killed = start(['server'], env);
  await killed.ready();
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(existsSync(outside)).toBe(true);
  expect((await run(['stop'], env)).exitCode).toBe(0);
  expect(existsSync(outside)).toBe(false);
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
  expect(second.complaint).toMatch(
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
