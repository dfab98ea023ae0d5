/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ApiRig } from '../unit/api/api-rig.ts';
import { HerokuCli, installHerokuCli, type CliResult } from '../rig/heroku-cli.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

itWithCli(
  'does the whole life of an app with the unmodified official CLI',
  async () => {
    if (installation.status === 'missing') return;
    await using rig = await ApiRig.start();
    await using cli = await HerokuCli.open(installation, rig);
    const work = join(cli.home, 'work');
    await mkdir(work);
    execFileSync('git', ['init', '--quiet', work]);
    const heroku = async (...args: string[]): Promise<CliResult> => {
      const result = await cli.run(args, work);
      expect({ args, ...result }).toMatchObject({ args, exitCode: 0 });
      return result;
    };
    const host = new URL(rig.url).host;

    expect((await heroku('auth:whoami')).stdout).toBe('admin@localhost\n');
    expect((await heroku('create', 'cli-app')).stdout).toContain(`https://${host}/cli-app.git`);
    const remotes = (): string => execFileSync('git', ['-C', work, 'remote', '-v'], { encoding: 'utf8' });
    expect(remotes()).toContain(`heroku\thttps://${host}/cli-app.git (fetch)`);

    const app = await rig.platform.store.apps.findByName('cli-app');
    if (app === null) throw new Error('the app is not there');
    const first = await rig.deploy(app, '193d1419'.padEnd(40, '0'));
    expect((await heroku('apps')).stdout).toContain('cli-app');
    expect((await heroku('apps:info')).stdout).toMatch(/Owner: +admin@localhost[^]*Stack: +heroku-24/);

    expect((await heroku('config:set', 'GREETING=hello world', 'GONE=x')).stderr).toContain('v4');
    expect((await heroku('config:get', 'GREETING')).stdout).toBe('hello world\n');
    expect((await heroku('config:unset', 'GONE')).stderr).toContain('v5');
    expect((await heroku('config', '--shell')).stdout).toBe("GREETING='hello world'\n");

    expect((await heroku('ps:scale', 'web=2', 'worker+1:standard-1x')).stderr).toContain(
      'web at 2:Basic, worker at 1:Standard-1X',
    );
    expect((await heroku('ps:scale')).stdout).toBe('web=2:Basic worker=1:Standard-1X\n');
    expect((await heroku('ps')).stdout).toMatch(
      /=== web \(Basic\): python app\.py \(2\)[^]*web\.1: up [^]*worker\.1: up /,
    );
    expect((await heroku('ps:type')).stdout).toContain('worker');
    await heroku('ps:restart');
    await heroku('ps:restart', '--dyno-name', 'web.1');
    await heroku('ps:restart', '--process-type', 'web');
    await heroku('ps:stop', '--dyno-name', 'worker.1');
    await heroku('ps:wait');

    expect((await heroku('releases')).stdout).toMatch(/v5 +Remove GONE config vars +admin@localhost/);
    expect((await heroku('releases', '-n', '2')).stdout.match(/\bv\d+(?= )/g)).toEqual(['v5', 'v4']);
    expect((await heroku('releases:info', 'v3')).stdout).toContain('Deploy 193d1419');
    expect((await heroku('rollback', `v${first.version}`)).stderr).toContain('v6');

    await heroku('apps:rename', 'cli-renamed');
    expect(remotes()).toContain(`heroku\thttps://${host}/cli-renamed.git (fetch)`);
    await heroku('git:remote', '--remote', 'other', '--app', 'cli-renamed');
    expect(remotes()).toContain(`other\thttps://${host}/cli-renamed.git (fetch)`);
    execFileSync('git', ['-C', work, 'remote', 'remove', 'other']);

    await heroku('maintenance:on');
    expect((await heroku('maintenance')).stdout).toBe('on\n');
    await heroku('maintenance:off');
    await heroku('buildpacks:set', 'https://example.com/buildpack.git');
    expect((await heroku('buildpacks')).stdout).toContain('https://example.com/buildpack.git');
    await heroku('buildpacks:clear');
    for (const side of ['domains', 'access', 'addons', 'drains', 'features', 'labs', 'regions', 'apps:stacks']) {
      await heroku(side);
    }

    const log = (await heroku('logs', '--num', '3')).stdout.trimEnd().split('\n');
    expect(log).toHaveLength(3);
    expect(log[2]).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 app\[api\]: Maintenance mode off by user admin@localhost$/,
    );
    await expectTail(cli, rig, work, app.id);

    await heroku('apps:destroy', '--confirm', 'cli-renamed');
    expect((await heroku('apps')).stdout).toContain('You have no apps.');
    expect(remotes()).toBe('');
  },
  240_000,
);

/** `heroku logs --tail` shows a line that comes later, and ends when it is interrupted. */
async function expectTail(
  cli: HerokuCli,
  rig: ApiRig,
  work: string,
  appId: Parameters<typeof rig.platform.logplex.append>[0],
): Promise<void> {
  const tail = cli.start(['logs', '--tail', '--num', '1'], work);
  const ended = new Promise((resolve) => tail.once('close', resolve));
  let output = '';
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no ${text} in ${output}`));
      }, 20_000);
      const check = (): void => {
        if (!output.includes(text)) return;
        clearTimeout(timer);
        resolve();
      };
      tail.stdout?.on('data', check);
      check();
    });
  for (const stream of [tail.stdout, tail.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  try {
    await until('Maintenance mode off');
    const message = 'a line that comes later';
    rig.platform.logplex.append(appId, [
      { atMicros: BigInt(Date.now()) * 1000n, source: 'app', process: 'web.1', message },
    ]);
    await until(`app[web.1]: ${message}`);
  } finally {
    tail.kill('SIGINT');
    await ended;
  }
  expect(output).toContain('a line that comes later');
}
