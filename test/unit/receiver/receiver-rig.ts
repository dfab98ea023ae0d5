import { spawn as nodeSpawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { packageRoot } from '../../../src/lib/package-root.ts';
import { spawn } from '../../../src/lib/spawn.ts';
import type { Account } from '../../../src/model/account.ts';
import type { App } from '../../../src/model/app.ts';
import type { BuildOutput } from '../../../src/model/build.ts';
import type { AccountId, AppId, AppName } from '../../../src/model/ids.ts';
import type { Push, PushOutcome } from '../../../src/model/push.ts';
import { defaultReceiverLimits, receiverPlugin, type ReceiverLimits } from '../../../src/receiver/index.ts';
import { openRepos, type Repos } from '../../../src/repo/index.ts';

export const token = 'secret-token';
export type OnPush = (push: Push, output: BuildOutput, signal: AbortSignal) => Promise<PushOutcome>;

export interface GitRun {
  readonly exitCode: number;
  /** Standard error: what the pusher reads. */
  readonly text: string;
}

/** A receiver on loopback with one app `demo`, and a git work tree whose remote `heroku` is that app. */
export class ReceiverRig implements AsyncDisposable {
  readonly root: string;
  readonly port: number;
  readonly repos: Repos;
  readonly pushes: Push[] = [];
  /** Replaceable: what a deploy does. */
  /** Bytes that are left on the disk. */
  room = 1024 ** 4;
  onPush: OnPush = () => Promise.resolve({ status: 'accepted' });
  readonly appId = demoApp.id;
  readonly #close: () => Promise<void>;

  private constructor(root: string, port: number, repos: Repos, close: () => Promise<void>) {
    this.root = root;
    this.port = port;
    this.repos = repos;
    this.#close = close;
  }

  static async start(limits: Partial<ReceiverLimits> = {}): Promise<ReceiverRig> {
    const root = await mkdtemp(join(tmpdir(), 'hokku-receiver-'));
    const log = pino({ level: 'silent' });
    const repos = await openRepos({ dir: join(root, 'repos'), hooksDir: join(packageRoot, 'hooks'), log });
    const server = fastify({ forceCloseConnections: true });
    const holder: { rig?: ReceiverRig } = {};
    const rig = (): ReceiverRig => {
      if (holder.rig === undefined) throw new Error('the rig has not started');
      return holder.rig;
    };
    await server.register(
      receiverPlugin({
        repos,
        authenticate: (given) => Promise.resolve(given === token ? account : null),
        findApp: (_account, name) => Promise.resolve(name === 'demo' ? demoApp : null),
        roomForPush: () => Promise.resolve(rig().room),
        onPush: (push, output, signal) => {
          rig().pushes.push(push);
          return rig().onPush(push, output, signal);
        },
        log,
        limits: { ...defaultReceiverLimits, ...limits },
      }),
    );
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    let closed: Promise<void> | undefined;
    holder.rig = new ReceiverRig(root, port, repos, () => (closed ??= server.close()));
    await repos.create(demoApp.id);
    return holder.rig;
  }

  get url(): string {
    return `http://any:${token}@127.0.0.1:${this.port}/demo.git`;
  }

  get repoDir(): string {
    return this.repos.path(this.appId);
  }

  close(): Promise<void> {
    return this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.root, { recursive: true, force: true, maxRetries: 3 });
  }

  /** A work tree with one commit on `main`. */
  async workTree(files: Readonly<Record<string, string | Uint8Array>> = { 'app.txt': 'hello\n' }): Promise<WorkTree> {
    const dir = await mkdtemp(join(this.root, 'work-'));
    const tree = new WorkTree(dir);
    await tree.git('init', '-q', '-b', 'main');
    await tree.git('remote', 'add', 'heroku', this.url);
    await tree.commit('first', files);
    return tree;
  }

  /** Processes that work in the app's repository, and what git leaves there after a failure. */
  async leftovers(): Promise<string[]> {
    const found: string[] = [];
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      if (cwd.startsWith(this.repoDir)) found.push(`process ${pid}`);
    }
    for (const name of await readdir(join(this.repoDir, 'objects'))) {
      if (/^(tmp_|incoming)/.test(name)) found.push(name);
    }
    for (const name of await readdir(join(this.repoDir, 'objects', 'pack'))) {
      if (/tmp/.test(name)) found.push(name);
    }
    return found;
  }

  async refs(): Promise<string[]> {
    const listing = await spawn('git', ['--git-dir', this.repoDir, 'for-each-ref', '--format=%(refname)'], { env });
    return listing.stdout
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  }

  /** Raw HTTP, for what no git client would send. */
  async post(
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
    service = 'git-receive-pack',
  ) {
    const response = await fetch(`http://127.0.0.1:${this.port}/demo.git/${service}`, {
      method: 'POST',
      body,
      headers: { authorization: basic(token), 'content-type': `application/x-${service}-request`, ...headers },
    });
    return { status: response.status, text: Buffer.from(await response.arrayBuffer()).toString('latin1') };
  }
}

export class WorkTree {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  async git(...args: string[]): Promise<GitRun> {
    const { exitCode, stderr, stdout } = await spawn('git', args, { cwd: this.dir, env });
    return { exitCode, text: stderr + stdout.toString() };
  }

  /** Starts git and hands over the process; the caller waits for it. */
  start(...args: string[]) {
    return nodeSpawn('git', args, { cwd: this.dir, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  }

  async commit(message: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.dir, name);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, content);
      if (name.endsWith('.sh')) await chmod(path, 0o755);
    }
    await this.git('add', '-A');
    await this.git('commit', '-q', '--allow-empty', '-m', message);
    return await this.head();
  }

  async head(): Promise<string> {
    return (await this.git('rev-parse', 'HEAD')).text.trim();
  }

  /** What `git push` would send for a new ref that holds HEAD, with the whole history in the pack. */
  async pushRequest(refs: readonly string[] = ['refs/heads/main']): Promise<Buffer> {
    const head = await this.head();
    const args = ['pack-objects', '--revs', '--stdout', '-q'];
    const pack = await spawn('git', args, { cwd: this.dir, env, stdin: `${head}\n` });
    const lines = refs.map((ref, index) => {
      const capabilities = index === 0 ? '\0 report-status side-band-64k agent=test' : '';
      const line = `${'0'.repeat(40)} ${head} ${ref}${capabilities}`;
      return `${(line.length + 4).toString(16).padStart(4, '0')}${line}`;
    });
    return Buffer.concat([Buffer.from(`${lines.join('')}0000`), pack.stdout]);
  }

  async read(name: string): Promise<string> {
    return await readFile(join(this.dir, name), 'utf8');
  }
}

export const env = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

export function basic(password: string): string {
  return `Basic ${Buffer.from(`any:${password}`).toString('base64')}`;
}

/** Polls until `check` is true, and fails after 10 s. */
export async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const now = new Date();

const account: Account = {
  id: randomUUID() as AccountId,
  email: 'ada@example.com',
  name: null,
  isOperator: false,
  suspendedAt: null,
  createdAt: now,
  updatedAt: now,
};

const demoApp: App = {
  id: randomUUID() as AppId,
  name: 'demo' as AppName,
  ownerId: account.id,
  ownerEmail: account.email,
  stack: 'hokku-1',
  region: 'us',
  maintenance: false,
  acm: false,
  uid: 100_001,
  buildpackProvidedDescription: null,
  createdAt: now,
  updatedAt: now,
  releasedAt: null,
};
