/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { existsSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli } from '../rig/heroku-cli.ts';
import { eventually, PlatformRig, type RigApp } from '../rig/platform-rig.ts';

const installation = await installHerokuCli();
const hasSsh = existsSync('/usr/bin/ssh');
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
if (!hasSsh) process.stderr.write('skipped: there is no ssh, which this transport of the official CLI needs\n');
const itWithCli = installation.status === 'installed' && hasSsh ? it : it.skip;

let rig: PlatformRig;
let cli: HerokuCli;
let app: RigApp;

beforeAll(async () => {
  if (installation.status === 'missing' || !hasSsh) return;
  rig = await PlatformRig.start({ settings: { HOKKU_STOP_GRACE: '3', HOKKU_ATTACH_BY: 'ssh' } });
  cli = await HerokuCli.open(installation, rig);
  app = await rig.createApp();
  await app.useFixture('python-stdlib');
  await app.commit();
  const push = await app.push();
  if (push.exitCode !== 0) throw new Error(push.output);
});

afterAll(async () => {
  if (installation.status === 'missing' || !hasSsh) return;
  await cli[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const at = (...args: readonly string[]): string[] => ['run', '--app', app.name, ...args];
const oneOffs = async (): Promise<readonly unknown[]> => (await app.dynos()).filter(({ type }) => type === 'run');

itWithCli('runs over SSH: exit status, piped input, no trust in our certificate needed', async () => {
  const untrusting = { NODE_EXTRA_CA_CERTS: '' };
  const status = await cli.run(at('--exit-code', '--', 'echo "on $DYNO"; exit 9'), cli.home, untrusting);
  expect(status.stdout).toMatch(/^on run\.\d{4}\n$/);
  expect(status.exitCode).toBe(9);
  const piped = await cli.runWithInput(at('--', 'tr a-z A-Z; echo end'), cli.home, 'some text\n'.repeat(20_000));
  expect(piped.stdout).toBe(`${'SOME TEXT\n'.repeat(20_000)}end\n`);
  expect(await oneOffs()).toEqual([]);
});

itWithCli('follows the size of the terminal, passes Ctrl-C, and hangs up when the window is closed', async () => {
  using terminal = cli.terminal(at('--', 'bash'), cli.home, { cols: 99, rows: 30 });
  await terminal.sees(/\$ .*$/m);
  terminal.type('stty size\n');
  await terminal.sees(/30 99\r*\n/);
  // A shell at its prompt may put a trap off until the next key, and one with a job does not get the signal.
  terminal.type(`bash -c "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done"\n`);
  await terminal.sees(/[\r\n]ready\r*\n/);
  terminal.resize(121, 41);
  await terminal.sees(/41 121\r*\n/);
  terminal.type('\u0003');
  await terminal.sees(/\^C[^]*\$ /);
  terminal.type('echo "after $?"\n');
  await terminal.sees(/after 130\r*\n/);
  expect(await oneOffs()).toHaveLength(1);
  terminal[Symbol.dispose]();
  await eventually('the dyno is gone', async () => (await oneOffs()).length === 0);
});

itWithCli('lets nobody in twice, or with a made-up address, and answers other upgrades as plain requests', async () => {
  const upgrade = (path: string, protocol = 'tcp'): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: protocol };
      const outgoing = request({ host: '127.0.0.1', port: rig.port, path, headers, rejectUnauthorized: false });
      outgoing.once('error', reject);
      outgoing.once('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      outgoing.once('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response.statusCode ?? 0);
      });
      outgoing.end();
    });
  const body = { command: 'cat', attach: true };
  const { attach_url: url } = (await rig.api('POST', `/apps/${app.name}/dynos`, body)).json as { attach_url: string };
  const { pathname } = new URL(url);
  expect(await upgrade(pathname)).toBe(101);
  expect(await upgrade(pathname)).toBe(404);
  expect(await upgrade('/attach/run-made-up')).toBe(404);
  expect(await upgrade('/healthz', 'h2c')).toBe(200);
  await eventually('the dyno is gone', async () => (await oneOffs()).length === 0);
});
