/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithCli'] }] */
import type { ChildProcess } from 'node:child_process';
import { chmod, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { HerokuCli, installHerokuCli, type CliResult } from '../rig/heroku-cli.ts';
import { checkout, eventually, PlatformRig } from '../rig/platform-rig.ts';
import { processesIn, watchCommandLines } from '../rig/process-list.ts';

const installation = await installHerokuCli();
if (installation.status === 'missing') process.stderr.write(`skipped: ${installation.reason}\n`);
const itWithCli = installation.status === 'installed' ? it : it.skip;

let rig: PlatformRig;
let cli: HerokuCli;
let workFolders = 0;

beforeAll(async () => {
  if (installation.status === 'missing') return;
  rig = await PlatformRig.start({ settings: { HOKKU_BOOT_TIMEOUT: '10', HOKKU_STOP_GRACE: '2' } });
  cli = await HerokuCli.open(installation, rig);
});

afterAll(async () => {
  if (installation.status === 'missing') return;
  await cli[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

/** Counts as fast as a log is read, so that a line that is lost or comes twice is seen. */
const ticker = `
import itertools, time
for n in itertools.count(1):
    print(f"tick {n}", flush=True)
    time.sleep(0.05)
`;

/** Somebody's working copy, in which commands find their app by the git remote. */
class Work {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<Work> {
    workFolders += 1;
    const work = new Work(join(cli.home, `work-${workFolders}`));
    await mkdir(work.dir);
    await cp(join(checkout, 'fixtures', 'apps', 'python-stdlib'), work.dir, { recursive: true });
    await writeFile(join(work.dir, 'ticker.py'), ticker);
    await writeFile(join(work.dir, 'Procfile'), 'web: python server.py\nworker: python ticker.py\n');
    for (const args of [
      ['init', '--quiet', '--initial-branch=main'],
      ['add', '--all'],
      ['commit', '--quiet', '-m', 'first'],
    ])
      await work.git(...args);
    return work;
  }

  async git(...args: string[]): Promise<string> {
    const result = await cli.git(args, this.dir);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result.stdout + result.stderr;
  }

  /** Must succeed. */
  async heroku(...args: string[]): Promise<CliResult> {
    const result = await cli.run(args, this.dir);
    if (result.exitCode !== 0) throw new Error(`${args.join(' ')} failed: ${JSON.stringify(result)}`);
    return result;
  }

  /** Must fail; resolves with what is said, in one line. */
  async refused(...args: string[]): Promise<string> {
    const result = await cli.run(args, this.dir);
    if (result.exitCode === 0) throw new Error(`${args.join(' ')} succeeded: ${JSON.stringify(result)}`);
    return result.stderr.replace(/[\s›]+/g, ' ');
  }
}

const body = async (app: string, path = '/'): Promise<string> => (await rig.request(`${app}.localhost`, path)).body;

itWithCli('does the whole life of an app with the unmodified official CLI', async () => {
  const host = `localhost:${rig.port}`;
  const work = await Work.open();
  const heroku = (...args: string[]): Promise<CliResult> => work.heroku(...args);

  const [who, created] = await Promise.all([heroku('auth:whoami'), heroku('create', 'cli-app')]);
  expect(who.stdout).toBe('admin@localhost\n');
  expect(created.stdout).toBe(`http://cli-app.${host}/ | https://${host}/cli-app.git\n`);
  expect(await work.git('remote', '-v')).toContain(`heroku\thttps://${host}/cli-app.git (fetch)`);

  // A home that knows nothing of heroku's own credential helper: the exports must do.
  const newcomer = join(cli.home, 'newcomer');
  await mkdir(newcomer);
  await using seen = watchCommandLines();
  const push = await cli.git(['push', 'heroku', 'main'], work.dir, { HOME: newcomer });
  expect(push).toMatchObject({ exitCode: 0, stdout: '' });
  expect(push.stderr).toMatch(/^remote: {8}Released v3 *$/m);
  expect(push.stderr).toMatch(new RegExp(`^remote: {8}http://cli-app\\.${host}/ deployed to Hokku *$`, 'm'));
  expect(await body('cli-app')).toMatch(/^Hello from Python's standard library\nRunning as web\.1 /);

  const greeting = `it's "quoted", $HOME \`id\` %s \\n\nand Grüße 🎈\twith a tab `;
  expect((await heroku('config:set', `GREETING=${greeting}`, 'GONE=x')).stderr).toMatch(
    /restarting .*cli-app.*done, v4/,
  );
  const [get, json, table, apps, info] = await Promise.all([
    heroku('config:get', 'GREETING'),
    heroku('config', '--json'),
    heroku('config'),
    heroku('apps'),
    heroku('apps:info'),
  ]);
  expect(get.stdout).toBe(`${greeting}\n`);
  expect(JSON.parse(json.stdout)).toEqual({ GREETING: greeting, GONE: 'x' });
  expect(table.stdout).toMatch(/^GONE: +x$/m);
  expect(apps.stdout).toMatch(/^cli-app\b/m);
  expect(info.stdout).toMatch(/Web URL: +http:[^]*Slug Size: +\d[^]*Owner: +admin@localhost[^]*Stack: +heroku-24/);
  await eventually('the new greeting', async () => (await body('cli-app')).startsWith(`${greeting}\nRunning as web.1`));
  expect((await heroku('config:unset', 'GONE')).stderr).toContain('done, v5');
  expect(seen.withText(rig.token)).toEqual([]);

  expect((await heroku('ps:scale', 'web=2', 'worker+1')).stderr).toContain('web at 2:Basic, worker at 1:Basic');
  await heroku('ps:wait');
  const ps = await eventually('three dynos', async () => {
    const { stdout } = await heroku('ps');
    return stdout.match(/: up /g)?.length === 3 && stdout;
  });
  expect(ps).toMatch(/=== web \(Basic\): python server\.py \(2\)\n\nweb\.1: up .*\nweb\.2: up .*\n/);
  expect(ps).toMatch(/=== worker \(Basic\): python ticker\.py \(1\)\n\nworker\.1: up .*\n/);
  expect((await heroku('ps:scale')).stdout).toBe('web=2:Basic worker=1:Basic\n');

  const pids = async (): Promise<ReadonlyMap<string, string>> => {
    const { json: dynos } = await rig.api('GET', '/apps/cli-app/dynos');
    return new Map((dynos as { name: string; id: string; state: string }[]).map((dyno) => [dyno.name, dyno.id]));
  };
  const before = await pids();
  await heroku('ps:restart', '--dyno-name', 'worker.1');
  await eventually('another worker', async () => (await pids()).get('worker.1') !== before.get('worker.1'));
  expect((await pids()).get('web.1')).toBe(before.get('web.1'));
  await heroku('ps:restart');
  await eventually('other web dynos', async () => {
    const now = await pids();
    return ['web.1', 'web.2'].every((name) => now.has(name) && now.get(name) !== before.get(name));
  });
  await heroku('ps:stop', '--process-type', 'worker');
  await eventually('no worker', async () => !/^worker\.1: up/m.test((await heroku('ps')).stdout));

  const [releases, two, release] = await Promise.all([
    heroku('releases'),
    heroku('releases', '-n', '2'),
    heroku('releases:info', 'v3'),
  ]);
  expect(releases.stdout).toMatch(
    /v5 +Remove GONE config vars +admin@localhost[^]*v4 +Set GREETING, GONE config vars [^]*v3 +Deploy [0-9a-f]{8} [^]*v2 +Enable Logplex [^]*v1 +Initial release /,
  );
  expect(two.stdout.match(/\bv\d+(?= )/g)).toEqual(['v5', 'v4']);
  expect(release.stdout).toMatch(/=== Release v3[^]*Change: +Deploy [0-9a-f]{8}\n/);
  expect((await heroku('rollback', 'v3')).stderr).toContain('done, v6');
  await eventually('the old greeting', async () => (await body('cli-app')).startsWith('Hello from'));

  await heroku('apps:rename', 'cli-renamed');
  expect(await work.git('remote', '-v')).toContain(`heroku\thttps://${host}/cli-renamed.git (fetch)`);
  await eventually('the new host', async () => (await body('cli-renamed')).startsWith('Hello from'));
  expect((await rig.request('cli-app.localhost')).status).toBe(404);
  await heroku('git:remote', '--remote', 'other', '--app', 'cli-renamed');
  expect(await work.git('ls-remote', 'other')).toContain(
    `${(await work.git('rev-parse', 'HEAD')).trim()}\trefs/heads/main`,
  );
  await work.git('remote', 'remove', 'other');

  await expectBrowser(work, `http://cli-renamed.${host}/about?x=1`);
  await expectDestroyed(work, 'cli-renamed');
});

/** `heroku open` hands the address to the browser; BROWSER names one. */
async function expectBrowser(work: Work, url: string): Promise<void> {
  const browser = join(cli.home, 'browser');
  await writeFile(browser, `#!/bin/sh\nprintf '%s\\n' "$1" >> ${browser}.visited\n`);
  await chmod(browser, 0o755);
  const { pathname, search } = new URL(url);
  const result = await cli.run(['open', `${pathname}${search}`], work.dir, { BROWSER: browser });
  expect(result).toMatchObject({ exitCode: 0, stdout: `Opening ${url}...\n` });
  await eventually('a visit', async () => {
    const visited = await readFile(`${browser}.visited`, 'utf8').catch(() => '');
    return visited === `${url}\n`;
  });
}

/** Everything of the app is gone; its slug at the next sweep. */
async function expectDestroyed(work: Work, name: string): Promise<void> {
  const { json: app } = await rig.api('GET', `/apps/${name}`);
  const { id } = app as { id: string };
  const holding = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const room of await readdir(rig.dataDir)) {
      const entries = await readdir(join(rig.dataDir, room)).catch(() => []);
      found.push(...entries.filter((entry) => entry.includes(id)).map((entry) => `${room}/${entry}`));
    }
    return found.sort();
  };
  const kept = [`cache/${id}`, `logs/${id}`, `logs/${id}.build`, `repos/${id}.git`, `streams/${id}`];
  expect(await holding()).toEqual(kept);

  await work.heroku('apps:destroy', '--confirm', name);
  expect(await work.git('remote')).toBe('');
  expect((await rig.request(`${name}.localhost`)).status).toBe(404);
  expect(await holding()).toEqual([]);
  expect(await readdir(join(rig.dataDir, 'dynos'))).toEqual([]);
  expect(await processesIn(join(rig.dataDir, 'dynos'))).toEqual([]);
  expect((await work.heroku('apps')).stdout).not.toContain(name);

  await rig.terminateServer();
  await rig.startServer();
  await eventually('the sweep of slugs', async () =>
    (await readdir(join(rig.dataDir, 'slugs'))).every((entry) => !entry.endsWith('.tgz')),
  );
}

itWithCli('shows the log of an app, as much of it as is asked for, and live', async () => {
  const work = await Work.open();
  const logs = async (...args: string[]): Promise<readonly string[]> =>
    (await work.heroku('logs', ...args)).stdout.trimEnd().split('\n');
  await work.heroku('create', 'cli-logs');
  await work.git('push', 'heroku', 'main');
  await work.heroku('ps:scale', 'worker=1');
  await body('cli-logs', '/a-page');
  await eventually('ticks', async () =>
    (await logs('--num', '20')).some((text) => text.includes('app[worker.1]: tick ')),
  );

  const line = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 (app|heroku)\[[\w.]+\]: /;
  const [three, heroku, web, worker, build] = await Promise.all([
    logs('-n', '3'),
    logs('-s', 'heroku', '-n', '1500'),
    logs('-d', 'web.1', '-s', 'app'),
    logs('-p', 'worker', '-n', '1500'),
    logs('-d', 'build'),
  ]);
  expect(three).toHaveLength(3);
  expect(heroku.filter((text) => line.exec(text)?.[1] !== 'heroku')).toEqual([]);
  expect(heroku.join('\n')).toMatch(/heroku\[web\.1\]: State changed from starting to up/);
  expect(web.map((text) => text.replace(line, ''))).toEqual([
    expect.stringContaining('Python buildpack: Detected 512 MB'),
    expect.stringContaining('Defaulting WEB_CONCURRENCY'),
    expect.stringMatching(/^Listening on port \d+$/),
    'GET /a-page 404',
  ]);
  expect(worker.filter((text) => !text.includes('[worker.1]: '))).toEqual([]);
  expect(build.join('\n')).toMatch(/-----> Python app detected[^]*Released v3/);

  await using tail = new Tail(work, '--process-type', 'worker');
  await using pages = new Tail(work, '--dyno-name', 'web.1', '--source', 'app');
  await pages.until('/a-page');
  await body('cli-logs', '/another-page');
  await pages.until('GET /another-page 404');
  await tail.until(/tick \d+\n/);

  await rig.killServer();
  const last = tail.ticks.at(-1) ?? 0;
  await rig.startServer();
  await tail.until(new RegExp(`tick ${last + 50}\n`));
  expect(tail.gaps).toEqual([]);
  await body('cli-logs', '/a-third-page');
  await pages.until('GET /a-third-page 404');
  await work.heroku('apps:destroy', '--confirm', 'cli-logs');
});

/** `heroku logs --tail` while it runs. */
class Tail implements AsyncDisposable {
  output = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(work: Work, ...args: string[]) {
    this.#child = cli.start(['logs', '--tail', ...args], work.dir);
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  async until(text: string | RegExp): Promise<void> {
    const isThere = (): boolean => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    await eventually(`${String(text)} in the tail`, () => Promise.resolve(isThere())).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${this.output.slice(-2000)}`);
    });
  }

  get ticks(): readonly number[] {
    return [...this.output.matchAll(/: tick (\d+)\n/g)].map((match) => Number(match[1]));
  }

  /** Pairs of ticks that should be neighbours and are not. */
  get gaps(): readonly (readonly number[])[] {
    return this.ticks.flatMap((tick, n) => {
      const next = this.ticks[n + 1];
      return next === undefined || next === tick + 1 ? [] : [[tick, next]];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGINT');
    await this.#ended;
  }
}

itWithCli('says what is wrong, and what to do', async () => {
  const work = await Work.open();
  await work.heroku('create', 'cli-wrong');
  const wrong: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['apps:info', '--app', 'no-such-app'], /Couldn't find that app\. Error ID: not_found/],
    [['create', 'Not_A_Name', '--no-remote'], /Name must start with a letter.* Error ID: invalid_params/],
    [['create', 'cli-wrong', '--no-remote'], /Name is already taken/],
    [['apps:rename', 'x'], /Name/],
    [['ps:scale', 'nonsense=1'], /Couldn't find that process type \(nonsense\)\. Error ID: not_found/],
    [['rollback', 'v1'], /Can't roll back to v1/],
    [['config:set', 'MY-KEY=x'], /The config var key "MY-KEY" is invalid. Use letters, digits and underscores only\./],
    [['releases:info', 'v99'], /Couldn't find that release\. Error ID: not_found/],
    [['ps:restart', '--dyno-name', 'web.9'], /Couldn't find that dyno\. Error ID: not_found/],
    [['logs', '--source', 'nonsense'], /must be app or heroku/],
  ];
  for (let n = 0; n < wrong.length; n += 3) {
    await Promise.all(
      wrong.slice(n, n + 3).map(async ([args, said]) => {
        expect({ args, said: await work.refused(...args) }).toEqual({ args, said: expect.stringMatching(said) });
      }),
    );
  }
});
