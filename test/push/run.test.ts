/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli, type CliResult } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';
import { processesWith } from '../rig/process-list.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;
let cli: HerokuCli;
let app: RigApp;

beforeAll(async () => {
  if (installation.status === 'missing') return;
  rig = await PlatformRig.start({
    settings: { HOKKU_STOP_GRACE: '3', HOKKU_ATTACH_TIMEOUT: '20', HOKKU_ATTACH_IDLE: '120' },
  });
  cli = await HerokuCli.open(installation, rig);
  app = await rig.createApp();
  await app.useFixture('python-stdlib');
  await app.write({
    Procfile: 'web: python server.py\nworker: echo "worker says $GREETING to"\n',
    '.profile.d/greet.sh': 'export FROM_PROFILE=yes\n',
  });
  await app.commit();
  const push = await app.push();
  if (push.exitCode !== 0) throw new Error(push.output);
  await rig.api('PATCH', `/apps/${app.name}/config-vars`, { GREETING: 'hello', SECRET: 's3cret-value' });
});

afterAll(async () => {
  if (installation.status === 'missing') return;
  await cli[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const at = (command: string, ...args: readonly string[]): string[] => [command, '--app', app.name, ...args];
const heroku = (command: string, ...args: string[]): Promise<CliResult> => cli.run(at(command, ...args), cli.home);
const oneOffs = async (): Promise<readonly { name: string; state: string }[]> =>
  (await app.dynos()).filter(({ type }) => type === 'run');
const logOf = async (dyno: string): Promise<string> => (await app.logs({ dyno })).join('\n');
/** A sleep that no other test sleeps. */
const newSleep = (): string => `sleep ${randomInt(100_000, 999_999)}`;
const isRunning = (command: string): boolean => processesWith(command).some((one) => one.command.startsWith(command));

itWithCli('runs commands with the slug, the config vars and the exit status of the command', async () => {
  const command = 'echo "$GREETING $FROM_PROFILE $DYNO $HOME"; ls server.py';
  const shown = await heroku('run', '--no-tty', '--', command);
  expect(shown).toMatchObject({ exitCode: 0 });
  expect(shown.stdout).toMatch(/^hello yes run\.\d{4} \/app\nserver\.py\n$/);
  expect(shown.stderr).toMatch(/Running .* on .*up, run\.\d{4}/);
  const [dyno = ''] = /run\.\d{4}/.exec(shown.stdout) ?? [];
  const log = (await app.logs()).filter((line) => line.includes(`[${dyno}]`) || line.includes('Starting process'));
  expect(log.slice(-6).map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
    `app[api]: Starting process with command \`${command}\` by user admin@localhost`,
    `heroku[${dyno}]: Awaiting client`,
    `heroku[${dyno}]: Starting process with command \`${command}\``,
    `heroku[${dyno}]: State changed from starting to up`,
    `heroku[${dyno}]: State changed from up to complete`,
    `heroku[${dyno}]: Process exited with status 0`,
  ]);

  const [inside, shell, plain, typed, env] = await Promise.all([
    // The shell itself ends: no echo behind the command could tell its status.
    heroku('run', '--exit-code', '--', 'echo in; exit 3'),
    heroku('run', '--exit-code', '--no-tty', '--', 'no-such-command'),
    heroku('run', '--', 'exit 4'),
    heroku('run', '--no-tty', '--', 'worker', 'somebody else'),
    heroku(
      'run',
      '-e',
      'GREETING=two words;MORE=x',
      '-s',
      'standard-2x',
      '--type',
      'job',
      '--no-tty',
      '--',
      'echo "$GREETING/$MORE/$DYNO"',
    ),
  ]);
  expect(inside).toMatchObject({ exitCode: 3, stdout: 'in\n' });
  expect(shell.exitCode).toBe(127);
  expect(shell.stdout).toContain('no-such-command: command not found');
  expect(plain.exitCode).toBe(0);
  expect(typed.stdout).toBe('worker says hello to somebody else\n');
  expect(env.stdout).toMatch(/^two words\/x\/job\.\d{4}\n$/);
  expect(await oneOffs()).toEqual([]);
});

itWithCli('passes piped input and output byte by byte, 100 MB of them, with little memory', async () => {
  const text = 'Grüße aus dem Rohr 🎈 \uFFFF heroku-command-exit-status: 9\n\u0004 mid-way\n';
  const short = await cli.runWithInput(at('run', '--no-tty', '--', 'cat'), cli.home, text);
  expect(short).toMatchObject({ exitCode: 0, stdout: text });
  const empty = await cli.runWithInput(at('run', '--no-tty', '--exit-code', '--', 'cat; exit 6'), cli.home, '');
  expect(empty).toMatchObject({ exitCode: 6, stdout: '' });

  const line = 'Franz jagt im komplett verwahrlosten Taxi quer durch Bayern, 0123456789, größer 🎈\n';
  const block = Buffer.from(line.repeat(Math.ceil(1_048_576 / Buffer.byteLength(line))));
  const [wanted, got] = [createHash('sha256'), createHash('sha256')];
  const child = cli.start(at('run', '--no-tty', '--', 'cat'), cli.home, 'pipe');
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('no pipes');
  let bytes = 0;
  let peak = 0;
  stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    got.update(chunk);
  });
  const ended = once(child, 'close');
  for (let n = 0; n < 100; n++) {
    wanted.update(block);
    if (!stdin.write(block)) await once(stdin, 'drain');
    peak = Math.max(peak, await residentMb(rig.pid));
  }
  stdin.end();
  expect(await ended).toEqual([0, null]);
  expect(bytes).toBe(100 * block.length);
  expect(got.digest('hex')).toBe(wanted.digest('hex'));
  expect(peak).toBeLessThan(400);
});

// The local terminal of the official CLI puts a carriage return of its own before each line feed.
itWithCli('is a terminal: prompt, colours, size, Ctrl-C, exit status', async () => {
  using terminal = cli.terminal(at('run', '--exit-code', '--', 'bash'), cli.home, { cols: 101, rows: 33 });
  await terminal.sees(/up, run\.\d{4}/);
  await terminal.sees('\u001b[01;34m~\u001b[00m \u001b[01;32m$ \u001b[00m');
  terminal.type('stty size; tput colors; ls --color=always -d /app; tty\r');
  await terminal.sees(/33 101\r+\n256\r+\n.*\/app.*\r+\n\/dev\/pts\/\d+\r+\n/);
  const sleep = newSleep();
  terminal.type(`${sleep}\r`);
  await eventually('the sleep runs', () => Promise.resolve(isRunning(sleep)));
  terminal.type('\u0003');
  await terminal.sees(/\^C[^]*\$ /);
  terminal.type('echo "after $?"\r');
  await terminal.sees(/after 130\r+\n/);
  // The shell has given the terminal back when the command speaks.
  terminal.type('echo "cat in $((40 + 2))"; cat\n');
  await terminal.sees(/cat in 42\r*\n/);
  terminal.type('häß\n');
  await terminal.sees(/häß\r+\nhäß\r+\n/);
  terminal.type('\u0004');
  terminal.type('exit 42\r');
  await terminal.sees(/exit 42\r+\n/);
  expect(await terminal.ends()).toBe(42);
  expect(await oneOffs()).toEqual([]);
});

itWithCli('hangs up when the client goes, and kills what does not listen', async () => {
  const sleep = newSleep();
  const terminal = cli.terminal(at('run', '--', `echo "pid of $DYNO"; exec ${sleep}`), cli.home, {
    cols: 80,
    rows: 24,
  });
  const polite = (await terminal.sees(/pid of run\.\d{4}/)).slice(7);
  expect(await oneOffs()).toMatchObject([{ name: polite, state: 'up' }]);
  terminal[Symbol.dispose]();
  await eventually('the dyno is gone', async () => (await oneOffs()).length === 0);
  expect(await logOf(polite)).toMatch(/Client connection closed. Sending SIGHUP[^]*Process exited with status 129/);

  const stubborn = cli.terminal(at('run', '--', `trap '' HUP; echo "pid of $DYNO"; ${sleep}; ${sleep}`), cli.home, {
    cols: 80,
    rows: 24,
  });
  const deaf = (await stubborn.sees(/pid of run\.\d{4}/)).slice(7);
  stubborn[Symbol.dispose]();
  await eventually('the dyno is gone', async () => (await oneOffs()).length === 0);
  expect(await logOf(deaf)).toMatch(/Error R16 \(Detached\)[^]*SIGKILL[^]*Process exited with status 137/);
  expect(isRunning(sleep)).toBe(false);
});

itWithCli('runs commands inside of a dyno that is up', async () => {
  const command = 'echo "$GREETING $DYNO $PORT $FROM_PROFILE"; cat /proc/*/cmdline | tr "\\0" " "; exit 4';
  const inside = await heroku('run:inside', '--exit-code', 'web.1', '--', command);
  expect(inside).toMatchObject({ exitCode: 4, stderr: expect.not.stringContaining('Error') });
  expect(inside.stdout).toMatch(/^hello web\.1 \d+ yes$/m);
  expect(inside.stdout).toContain('server.py');
  const answer = await rig.api('POST', `/apps/${app.name}/dynos/web.9`, { command: 'ls' });
  expect(answer).toMatchObject({ status: 404, json: { resource: 'dyno' } });
});

itWithCli('says R13 when nobody attaches, ends with its time to live, and leaves nothing after kill -9', async () => {
  const post = async (body: object): Promise<{ name: string; attach_url: string }> =>
    (await rig.api('POST', `/apps/${app.name}/dynos`, body)).json as { name: string; attach_url: string };
  const lonely = await post({ command: 'bash', attach: true });
  const [host = '', port = '', secret = ''] = lonely.attach_url.split(/^rendezvous:\/\/|[:/](?=\w)/).filter(Boolean);
  const short = await post({ command: 'echo started; sleep 600', time_to_live: 1 });
  await eventually('its time is over', async () => (await logOf(short.name)).includes('exited with status 143'));
  await eventually('nobody came', async () => (await logOf(lonely.name)).includes('Error R13 (Attach error)'));
  expect(await oneOffs()).toEqual([]);
  const late = await rendezvous(host, Number(port), secret);
  expect(late).toBe(
    'rendezvous\r\nThis address is unknown, was used already, or has expired. Run the command again.\r\n',
  );

  const sleep = newSleep();
  const terminal = cli.terminal(at('run', '--', `(${sleep} &) ; echo ready; ${sleep}`), cli.home, {
    cols: 80,
    rows: 24,
  });
  await terminal.sees('ready');
  await post({ command: `(${sleep} &) ; ${sleep}` });
  await eventually('both run', () => Promise.resolve(processesWith(sleep).length > 3));
  await rig.killServer();
  // The client is told by the end of the connection.
  expect(await terminal.ends()).toBe(0);
  await rig.startServer();
  await eventually('nothing of them runs', () => Promise.resolve(!isRunning(sleep)));
  await eventually('nothing of them lies there', async () => {
    const folders = await readdir(join(rig.dataDir, 'dynos'));
    return folders.length === (await app.dynos()).length;
  });
});

itWithCli('runs detached into the log, is listed and stopped', async () => {
  const started = await heroku('run:detached', '--', 'echo "for the log"; sleep 600');
  const [dyno = ''] = /run\.\d{4}/.exec(started.stderr + started.stdout) ?? [];
  await eventually('its line is in the log', async () => (await logOf(dyno)).includes(`app[${dyno}]: for the log`));
  expect((await heroku('ps')).stdout).toMatch(
    new RegExp(`run: one-off processes \\(1\\)[^]*${dyno.replace('.', '\\.')} \\(Basic\\): up`),
  );
  const stopped = await heroku('ps:stop', dyno);
  expect(stopped.exitCode).toBe(0);
  await eventually('it has ended', async () => (await oneOffs()).length === 0);
  expect(await logOf(dyno)).toMatch(/Stopping all processes with SIGTERM[^]*Process exited with status 143/);
  expect(await logOf('run')).not.toContain('s3cret-value');
});

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** All that the platform says to a client with this secret, until it closes the connection. */
async function rendezvous(host: string, port: number, secret: string): Promise<string> {
  const socket = connect({ host, port, rejectUnauthorized: false });
  socket.write(`${secret}\r\n`);
  let said = '';
  for await (const chunk of socket) said += String(chunk);
  return said;
}
