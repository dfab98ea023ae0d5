import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { emptyDatabase } from './empty-database.ts';
import { leakedSecrets } from './leaked-secrets.ts';

export const checkout = dirname(dirname(import.meta.dirname));

export interface RigOptions {
  /** Settings of the server over the rig's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: a folder of the rig's own, removed with it. */
  readonly dataDir?: string;
  /** Default: a new one. */
  readonly token?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * A whole platform as its operator runs it: `hokku server` as a process of its own, in a temporary data folder, on a free
 * port, with the database that `emptyDatabase` gives.
 */
export class PlatformRig implements AsyncDisposable {
  readonly dataDir: string;
  readonly home: string;
  /** Of the operator's account. */
  token: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #database: Awaited<ReturnType<typeof emptyDatabase>>;
  #port = 0;
  #lastPid = 0;
  #process: ChildProcess | null = null;
  #stderr = '';

  private constructor(home: string, database: Awaited<ReturnType<typeof emptyDatabase>>, options: RigOptions) {
    this.home = home;
    this.dataDir = options.dataDir ?? join(home, 'data');
    this.token = options.token ?? newToken();
    this.#database = database;
    this.#settings = options.settings ?? {};
  }

  static async start(options: RigOptions = {}): Promise<PlatformRig> {
    const home = await mkdtemp(join(tmpdir(), 'hokku-rig-'));
    // Without a sandbox, the users that builds and dynos run as reach their folders through this one.
    await chmod(home, 0o711);
    await mkdir(join(home, 'tmp'));
    const database = await emptyDatabase();
    const rig = new PlatformRig(home, database, options);
    try {
      await rig.startServer();
    } catch (error) {
      await database?.[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
      throw error;
    }
    return rig;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('the server is not running');
    return this.#process.pid;
  }

  /** Resolves with the exit status of the server when it ends; null after a signal. */
  get exited(): Promise<number | null> {
    const child = this.#process;
    if (child === null) throw new Error('the server is not running');
    if (child.exitCode !== null) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => child.once('exit', resolve));
  }

  /** Of the server that was started last, whether it still runs or not. */
  get lastPid(): number {
    return this.#lastPid;
  }

  /** What the server wrote to standard error since the rig began. */
  get platformLog(): string {
    return this.#stderr;
  }

  /** Resolves when the server prints its one line. A second start keeps the port of the first. */
  async startServer(): Promise<void> {
    const child = spawn(process.execPath, [join(checkout, 'dist', 'main.js'), 'server'], {
      cwd: this.home,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#lastPid = child.pid ?? 0;
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#port = await new Promise<number>((resolve, reject) => {
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const port = /listening on http:\/\/\S+:(\d+) /.exec(output)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
      child.once('error', reject);
      child.once('exit', (code) => {
        reject(new Error(`the server exited with ${code}: ${output}${this.#stderr}`));
      });
    });
  }

  /** Another `hokku` command of the operator, with the settings of the server and these. */
  operate(
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): {
    readonly child: ChildProcess;
    readonly ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  } {
    const child = spawn(process.execPath, [join(checkout, 'dist', 'main.js'), ...args], {
      cwd: this.home,
      env: { ...this.#environment(), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => {
        resolve({ exitCode, stdout, stderr });
      });
    });
    return { child, ended };
  }

  #environment(): Record<string, string> {
    return {
      ...inheritedEnvironment(),
      HOME: this.home,
      TMPDIR: join(this.home, 'tmp'),
      HOKKU_DATA_DIR: this.dataDir,
      HOKKU_PORT: String(this.#port),
      HOKKU_API_KEY: this.token,
      HOKKU_LOG_LEVEL: 'info',
      // An answer that does not fit its published schema fails the test that asked for it.
      HOKKU_CHECK_ANSWERS: 'on',
      HOKKU_API_RATE_LIMIT: '1000000',
      ...sandboxSetting(),
      ...(this.#database === null ? {} : { HOKKU_DATABASE_URL: this.#database.url }),
      ...this.#settings,
    };
  }

  /** `kill -9` of the control plane; dynos and the router live on. */
  async killServer(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends the control plane as an upgrade does. */
  async terminateServer(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Restarts the control plane with another token, which revokes the one before. Returns that one. */
  async changeToken(): Promise<string> {
    const revoked = this.token;
    await this.terminateServer();
    this.token = newToken();
    await this.startServer();
    return revoked;
  }

  /** Ends everything: the control plane, the router and the dynos. */
  async interruptServer(): Promise<void> {
    await this.#end('SIGINT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
    this.#process = null;
  }

  /** One call of the Platform API, with the rig's token unless `headers` say otherwise. */
  async api(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer & { json: unknown }> {
    const answer = await this.request('127.0.0.1', path, {
      method,
      headers: {
        accept: 'application/vnd.heroku+json; version=3',
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    let json: unknown = null;
    try {
      json = JSON.parse(answer.body);
    } catch {
      // Not JSON: the caller looks at body.
    }
    return { ...answer, json };
  }

  /** One HTTP request to the public port with this Host. */
  request(
    host: string,
    path = '/',
    options: { method?: string; headers?: Readonly<Record<string, string>>; body?: string | Uint8Array } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path,
          method: options.method ?? 'GET',
          headers: { host: `${host}:${this.#port}`, ...options.headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(options.body);
    });
  }

  async createApp(name = `app-${randomBytes(4).toString('hex')}`): Promise<RigApp> {
    const answer = await this.api('POST', '/apps', { name });
    if (answer.status !== 201) throw new Error(`creating ${name}: ${answer.status} ${answer.body}`);
    return RigApp.create(this, name);
  }

  /** Stops the dynos and the router as well; fails loudly when that does not work. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process === null || this.#process.exitCode !== null) await this.startServer();
    await this.#end('SIGINT');
    await this.#database?.[Symbol.asyncDispose]();
    const leaks = await leakedSecrets(this);
    await rm(this.home, { recursive: true, force: true });
    if (leaks.length > 0) throw new Error(`secrets of the platform were found in ${leaks.join(', ')}`);
  }
}

export interface PushResult {
  readonly exitCode: number;
  /** Git's whole standard error. */
  readonly output: string;
  /** The lines that git shows as `remote: `, without that prefix. */
  readonly remoteLines: readonly string[];
}

/** One app of the rig and a working copy of its source. */
export class RigApp {
  readonly rig: PlatformRig;
  readonly name: string;
  readonly dir: string;

  private constructor(rig: PlatformRig, name: string, dir: string) {
    this.rig = rig;
    this.name = name;
    this.dir = dir;
  }

  static async create(rig: PlatformRig, name: string): Promise<RigApp> {
    const app = new RigApp(rig, name, join(rig.home, 'work', name));
    await mkdir(app.dir, { recursive: true });
    await app.git('init', '--quiet', '--initial-branch=main');
    await app.git('remote', 'add', 'heroku', `${rig.url}/${name}.git`);
    return app;
  }

  get host(): string {
    return `${this.name}.localhost`;
  }

  /** Copies a fixture over the working copy. */
  async useFixture(fixture: string): Promise<void> {
    await cp(join(checkout, 'fixtures', 'apps', fixture), this.dir, { recursive: true });
  }

  async write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.dir, path)), { recursive: true });
      await writeFile(join(this.dir, path), content);
    }
  }

  read(path: string): Promise<string> {
    return readFile(join(this.dir, path), 'utf8');
  }

  /** Empties the working copy, so that the next commit holds nothing of the last. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.dir)) {
      if (name !== '.git') await rm(join(this.dir, name), { recursive: true, force: true });
    }
  }

  async commit(message = 'change'): Promise<void> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '--message', message);
  }

  async push(...args: string[]): Promise<PushResult> {
    return this.startPush(...args).result;
  }

  /** A push that the test can interrupt. */
  startPush(...args: string[]): {
    readonly child: ChildProcess;
    readonly result: Promise<PushResult>;
    output(): string;
  } {
    const child = spawn('git', ['push', ...(args.length === 0 ? ['heroku', 'main'] : args)], {
      cwd: this.dir,
      env: this.#gitEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const result = new Promise<PushResult>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        const remoteLines = output
          .split(/[\n\r]/)
          .filter((line) => line.startsWith('remote:'))
          .map((line) =>
            line
              .replace(/^remote: ?/, '')
              .replaceAll('\u001b[K', '')
              .trimEnd(),
          );
        resolve({ exitCode: code ?? -1, output, remoteLines });
      });
    });
    return { child, result, output: () => output };
  }

  async git(...args: string[]): Promise<string> {
    return (await this.gitWithInput('', ...args)).toString();
  }

  /** `git`, with bytes in and bytes out. */
  async gitWithInput(input: string | Uint8Array, ...args: string[]): Promise<Buffer> {
    const child = spawn('git', args, { cwd: this.dir, env: this.#gitEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let err = '';
    child.stdin.on('error', () => undefined); // Judged by its exit code.
    child.stdin.end(input);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`git ${args.join(' ')} exited with ${code}: ${err}`);
    return Buffer.concat(out);
  }

  get(path = '/'): Promise<Answer> {
    return this.rig.request(this.host, path);
  }

  /** The last lines of the app's log, as `heroku logs` shows them. */
  async logs(options: { lines?: number; dyno?: string; source?: string } = {}): Promise<readonly string[]> {
    const session = await this.rig.api('POST', `/apps/${this.name}/log-sessions`, {
      lines: 1500,
      tail: false,
      ...options,
    });
    const { logplex_url: url } = session.json as { logplex_url: string };
    const { pathname, search } = new URL(url);
    const answer = await this.rig.request('127.0.0.1', `${pathname}${search}`);
    return answer.body.split('\n').filter((line) => line !== '');
  }

  /** By version; of more than 1,000 the newest. */
  async releases(): Promise<readonly { version: number; description: string; status: string; current: boolean }[]> {
    const range = { range: 'version ..; order=desc,max=1000' };
    const answer = await this.rig.api('GET', `/apps/${this.name}/releases`, undefined, range);
    if (!Array.isArray(answer.json)) throw new Error(`releases of ${this.name}: ${answer.status} ${answer.body}`);
    const releases = answer.json as { version: number; description: string; status: string; current: boolean }[];
    return releases.toReversed();
  }

  async dynos(): Promise<readonly { name: string; state: string; type: string; release: { version: number } }[]> {
    const answer = await this.rig.api('GET', `/apps/${this.name}/dynos`);
    return answer.json as { name: string; state: string; type: string; release: { version: number } }[];
  }

  #gitEnvironment(): Record<string, string> {
    return {
      PATH: inheritedEnvironment()['PATH'] ?? '',
      HOME: this.rig.home,
      LC_ALL: 'C.UTF-8',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
      RIG_TOKEN: this.rig.token,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'credential.helper',
      GIT_CONFIG_VALUE_0: '!f() { test "$1" = get && printf "username=any\\npassword=%s\\n" "$RIG_TOKEN"; }; f',
    };
  }
}

function newToken(): string {
  return `HRKU-${randomBytes(16).toString('hex')}`;
}

/** On a machine where only this one can be had, whoever runs the tests sets it. */
export function sandboxSetting(): Record<string, string> {
  const { HOKKU_SANDBOX: choice = '' } = process.env;
  return choice === '' ? {} : { HOKKU_SANDBOX: choice };
}

/** The machine's registry and CA settings reach the server under test; its own platform settings do not. */
function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !/^(HOKKU_|HEROKU_|GIT_|NODE_OPTIONS)/.test(entry[0]),
    ),
  );
}

/** Polls until `check` gives something other than null, undefined or false. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | null | undefined | false>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== null && value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
