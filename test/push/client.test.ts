/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn as spawnOnTerminal } from 'node-pty';
import { HerokuCli, installHerokuCli, type CliResult } from '../rig/heroku-cli.ts';
import { hokkuIn } from '../rig/hokku.ts';
import { checkout, eventually, PlatformRig } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;
beforeAll(async () => {
  rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '2' } });
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
});

/** What differs from call to call, and from one program to the other. */
function comparable({ exitCode, stdout, stderr }: CliResult): unknown {
  const normal = (text: string): string =>
    text
      .replaceAll(/\(~ \d+[smh] ago\)/g, '(AGO)')
      .replaceAll(/─+/g, '─')
      .replaceAll('heroku', 'hokku');
  return { exitCode, stdout: normal(stdout), stderr: normal(stderr) };
}

itWithCli('prints what the official CLI prints, byte for byte', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  const dir = join(cli.home, 'work');
  await mkdir(dir);
  await cli.git(['init', '--quiet', '--initial-branch=main'], dir);
  await cli.git(['remote', 'add', 'heroku', `https://localhost:${rig.port}/twin.git`], dir);
  const hokku = (args: readonly string[]): Promise<CliResult> => hokkuIn(dir, cli.env, args);

  const app = await rig.createApp('twin');
  await app.useFixture('python-stdlib');
  await app.write({ Procfile: 'web: python server.py\nworker: python -c "import time; time.sleep(9999)"\n' });
  await app.commit();
  expect((await app.push()).exitCode).toBe(0);
  const greeting = `it's a "quoted" $x \\ and\nGrüße`;
  const set = await hokku(['config:set', `GREETING=${greeting}`, 'NOTHING=', 'LONG_NAME=1']);
  expect(set).toEqual({
    exitCode: 0,
    stdout: `GREETING:  ${greeting}\nLONG_NAME: 1\n`,
    stderr: 'Setting GREETING, NOTHING, LONG_NAME and restarting twin... done, v4\n',
  });
  expect((await hokku(['ps:scale', 'worker+1'])).stderr).toBe('Scaling dynos... done, now running worker at 1:Basic\n');
  await eventually('two dynos that stay', async () => {
    const dynos = await app.dynos();
    return dynos.length === 2 && dynos.every(({ state, release }) => state === 'up' && release.version === 4);
  });

  await expectSame(cli, dir, [
    ['apps'],
    ['apps:info'],
    ['info', '--shell'],
    ['info', '--json'],
    ['ps'],
    ['ps', '--json'],
    ['ps:scale'],
    ['config'],
    ['config', '--shell'],
    ['config:get', 'GREETING', 'NOPE'],
    ['config:get', '-j', 'GREETING'],
    ['releases', '-n', '2'],
    ['releases:info', 'v3', '--shell'],
    ['logs', '-n', '5', '-s', 'heroku', '-p', 'worker'],
  ]);
});

itWithCli('fails as the official CLI does, with its words and exit codes', async () => {
  if (installation.status === 'missing') return;
  await using cli = await HerokuCli.open(installation, rig);
  const dir = join(cli.home, 'work');
  await mkdir(dir);
  await rig.createApp('sad');
  await cli.git(['init', '--quiet'], dir);
  await cli.git(['remote', 'add', 'heroku', `https://localhost:${rig.port}/sad.git`], dir);
  await cli.git(['remote', 'add', 'other', `https://localhost:${rig.port}/not-there.git`], dir);
  await cli.git(['config', 'heroku.remote', 'heroku'], dir);
  await expectSame(cli, dir, [
    ['ps', 'clock'],
    ['config:set', 'NO_EQUALS_SIGN'],
    ['config:set'],
    ['releases:info', 'v99'],
    ['rollback', 'v1'],
    ['logs', '-s', 'nonsense'],
    ['ps:restart', '-d', 'web.9'],
    ['ps:stop'],
    ['ps:scale', 'nonsense=1'],
    ['ps', '--remote', 'other'],
    ['create', 'Not_A_Name', '--no-remote'],
    ['apps:destroy', '--confirm', 'wrong'],
    ['run'],
  ]);
});

async function expectSame(cli: HerokuCli, dir: string, commands: readonly (readonly string[])[]): Promise<void> {
  for (let n = 0; n < commands.length; n += 3) {
    await Promise.all(
      commands.slice(n, n + 3).map(async (args) => {
        const [theirs, ours] = await Promise.all([cli.run(args, dir), hokkuIn(dir, cli.env, args)]);
        expect({ args, ended: comparable(ours) }).toEqual({ args, ended: comparable(theirs) });
      }),
    );
  }
}

it('does the whole life of an app', async () => {
  const home = join(rig.home, 'ada');
  const dir = join(home, 'work');
  await mkdir(dir, { recursive: true });
  const browser = join(home, 'browser');
  await writeFile(browser, `#!/bin/sh\nprintf '%s' "$1" > ${browser}.visited\n`, { mode: 0o755 });
  const env = { HOME: home, HOKKU_DATA_DIR: rig.dataDir, HOKKU_API_KEY: rig.token, BROWSER: browser };
  const hokku = async (...args: string[]): Promise<string> => {
    const result = await hokkuIn(dir, env, args);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result.stdout + result.stderr;
  };
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('git', args, dir, { HOME: home });
    return stdout;
  };
  await git('init', '--quiet', '--initial-branch=main');

  const remote = `https://localhost:${rig.port}/native.git`;
  expect(await hokku('create', 'native')).toBe(
    `http://native.localhost:${rig.port}/ | ${remote}\nCreating native... done\n`,
  );
  expect(await git('remote', 'get-url', 'heroku')).toBe(`${remote}\n`);
  expect(await hokku('whoami')).toBe('admin@localhost\n');
  expect(await hokku('config:set', 'A=1')).toContain('done, v3');
  expect(await hokku('config:unset', 'A')).toBe('Unsetting A and restarting native... done, v4\n');

  const app = await rig.createApp('native-code');
  await app.useFixture('python-stdlib');
  await app.commit();
  expect((await app.push()).exitCode).toBe(0);
  for (const greeting of ['first', 'second']) {
    await hokku('config:set', '-a', 'native-code', `GREETING=${greeting}`);
    await eventually(greeting, async () => (await app.get()).body.startsWith(greeting));
  }
  expect(await hokku('rollback', '-a', 'native-code')).toMatch(
    /^Rolling back native-code to v4\.\.\. done, v6\n[^]*To undo, run: hokku rollback v5\n$/,
  );
  await eventually('the first greeting', async () => (await app.get()).body.startsWith('first'));
  expect(await hokku('ps:restart', '-d', 'web.1', '-a', 'native-code')).toBe(
    'Restarting dyno web.1 on native-code... done\n',
  );
  expect(await hokku('open', '/about?x=1', '-a', 'native-code')).toContain('Opening http://native-code.localhost');
  expect((await hokkuIn(dir, env, ['open', '//evil.example/', '-a', 'native-code'])).exitCode).toBe(1);

  const tail = spawn(process.execPath, [join(checkout, 'dist', 'main.js'), 'logs', '--tail', '-a', 'native-code'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let tailed = '';
  tail.stdout.on('data', (chunk: Buffer) => (tailed += chunk.toString()));
  const ended = new Promise((resolve) => tail.once('close', resolve));
  try {
    await app.get('/one-page');
    await eventually('one page', () => Promise.resolve(tailed.includes('/one-page')));
    await rig.killServer();
    await rig.startServer();
    await eventually('the app again', async () => (await app.get('/another-page')).status === 404);
    await eventually('another page', () => Promise.resolve(tailed.includes('GET /another-page 404')));
    expect(tailed.match(/GET \/one-page 404/g)).toHaveLength(1);
  } finally {
    tail.kill('SIGINT');
    await ended;
  }

  expect(await hokku('rename', 'native-two')).toContain('Git remote heroku updated\n');
  expect(await git('remote', 'get-url', 'heroku')).toBe(`https://localhost:${rig.port}/native-two.git\n`);
  expect((await hokkuIn(dir, env, ['destroy'])).stderr).toContain('Run it again with --confirm native-two');
  expect(await hokku('destroy', '--confirm', 'native-two')).toBe(
    'Destroying native-two (including all add-ons)... done\n',
  );
  expect(await git('remote')).toBe('');

  const created = await hokkuIn(dir, env, ['account', 'create', 'grace@example.com']);
  expect(created).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('shown this once') });
  const grace = { HOME: home, HOKKU_TOKEN_ORIGIN: rig.url, HEROKU_API_KEY: created.stdout.trim() };
  expect((await hokkuIn(dir, grace, ['whoami'])).stdout).toBe('grace@example.com\n');
  expect((await hokkuIn(dir, grace, ['apps'])).stdout).toBe('You have no apps.\n');
  expect(await hokkuIn(dir, grace, ['account', 'create', 'x@example.com'])).toMatchObject({ exitCode: 2, stdout: '' });
});

it('asks on the terminal for e-mail and password, echoes no secret, and revokes at logout what it made', async () => {
  const home = join(rig.home, 'joan');
  await mkdir(home);
  const password = 'correct horse battery';
  const made = await rig.api('POST', '/accounts', { email: 'joan@example.com', password });
  expect(made.status).toBe(201);
  const env = { PATH: process.env['PATH'] ?? '', HOME: home };
  const terminal = spawnOnTerminal(process.execPath, [join(checkout, 'dist', 'main.js'), 'login', rig.url, '-i'], {
    cwd: home,
    env,
  });
  let shown = '';
  terminal.onData((text) => {
    shown += text;
  });
  const ended = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => {
      resolve(exitCode);
    });
  });
  await eventually('the first question', () => Promise.resolve(shown.includes('Email: ')));
  terminal.write('joan@example.com\r');
  await eventually('the second question', () => Promise.resolve(shown.includes('Password')));
  terminal.write(`${password}\r`);
  expect(await ended).toBe(0);
  expect(shown).toContain('Logged in as joan@example.com');
  expect(shown).not.toContain('horse');

  expect((await hokkuIn(home, { HOME: home }, ['whoami'])).stdout).toBe('joan@example.com\n');
  const variables = JSON.parse((await hokkuIn(home, { HOME: home }, ['env', '--json'])).stdout) as {
    HEROKU_API_KEY: string;
  };
  const account = (): Promise<number> =>
    rig
      .api('GET', '/account', undefined, { authorization: `Bearer ${variables.HEROKU_API_KEY}` })
      .then(({ status }) => status);
  expect(await account()).toBe(200);
  expect((await hokkuIn(home, { HOME: home }, ['logout'])).exitCode).toBe(0);
  expect(await account()).toBe(401);
});

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly stdout: string }> {
  const child = spawn(program, args, { cwd, env: { PATH: process.env['PATH'] ?? '', ...env } });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { stdout };
}
