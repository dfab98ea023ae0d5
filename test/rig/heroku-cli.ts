import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout } from './platform-rig.ts';
import { Terminal } from './terminal.ts';

const version = '11.10.0';
const installTimeoutMs = 170_000;
const commandTimeoutMs = 60_000;

export type HerokuCliInstallation =
  { readonly status: 'installed'; readonly dir: string } | { readonly status: 'missing'; readonly reason: string };

/**
 * The official CLI as its users get it, installed once per machine with npm into a cache folder outside the checkout.
 * `missing` when npm can't get it; the reason is one line.
 */
export async function installHerokuCli(): Promise<HerokuCliInstallation> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hokku-test');
  const dir = join(cache, `heroku-${version}`);
  const isInstalled = (): boolean => existsSync(join(dir, 'node_modules', 'heroku', 'bin', 'run.js'));
  if (isInstalled()) return { status: 'installed', dir };

  const fresh = `${dir}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(fresh, { recursive: true });
    const npm = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', fresh];
    const child = spawn('npm', [...npm, `heroku@${version}`], { cwd: fresh, stdio: ['ignore', 'ignore', 'pipe'] });
    const { exitCode, stderr } = await finish(child, installTimeoutMs);
    if (exitCode !== 0) {
      const why = stderr.split('\n').find((line) => line.includes('npm error')) ?? `npm exited with ${exitCode}`;
      return { status: 'missing', reason: `heroku ${version} could not be installed: ${why.trim().slice(0, 200)}` };
    }
    // Another test may have been quicker; then its copy stays.
    await rename(fresh, dir).catch(() => undefined);
    if (isInstalled()) return { status: 'installed', dir };
    return { status: 'missing', reason: `heroku ${version} is not where npm should have put it` };
  } catch (error) {
    return { status: 'missing', reason: `heroku ${version} could not be installed: ${String(error)}` };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A shell of somebody who has evaluated `hokku env`, with a home folder of its own: nothing of the user's is read or changed. */
export class HerokuCli implements AsyncDisposable {
  readonly home: string;
  /** The environment of that shell; `heroku` is on its PATH, and git may not prompt. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(home: string, env: Readonly<Record<string, string>>) {
    this.home = home;
    this.env = env;
  }

  static async open(
    installation: { readonly dir: string },
    platform: { readonly dataDir: string; readonly token: string },
  ): Promise<HerokuCli> {
    const home = await mkdtemp(join(tmpdir(), 'hokku-cli-'));
    await mkdir(join(home, '.cache', 'heroku'), { recursive: true });
    await writeFile(join(home, '.cache', 'heroku', 'terms-of-service'), '');
    const before = {
      PATH: `${join(installation.dir, 'node_modules', '.bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
      HOME: home,
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
      ...gitIdentity,
    };
    const evaluate = 'eval "$("$1" "$2" env)" && unset HOKKU_DATA_DIR HOKKU_API_KEY && env -0';
    const shell = await finish(
      spawn('sh', ['-c', evaluate, 'sh', process.execPath, join(checkout, 'dist', 'main.js')], {
        env: { ...before, HOKKU_DATA_DIR: platform.dataDir, HOKKU_API_KEY: platform.token },
      }),
      commandTimeoutMs,
    );
    if (shell.exitCode !== 0) throw new Error(`hokku env could not be evaluated: ${shell.stderr}`);
    const pairs = shell.stdout.split('\0').filter((pair) => pair !== '');
    return new HerokuCli(
      home,
      Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
    );
  }

  /** Runs `heroku <args>`; `env` replaces single variables of the shell. */
  run(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
    return finish(this.#spawn('heroku', args, cwd, env), commandTimeoutMs);
  }

  /** The same with something on its standard input. */
  runWithInput(args: readonly string[], cwd: string, input: string | Buffer): Promise<CliResult> {
    const child = this.start(args, cwd, 'pipe');
    child.stdin?.on('error', () => undefined); // Judged by its exit code.
    child.stdin?.end(input);
    return finish(child, commandTimeoutMs);
  }

  /** For commands that don't end by themselves. The caller ends it. */
  start(
    args: readonly string[],
    cwd: string,
    stdin: 'ignore' | 'pipe' = 'ignore',
    env: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    return this.#spawn('heroku', args, cwd, env, stdin);
  }

  /** In a terminal of its own, as a person would. */
  terminal(
    args: readonly string[],
    cwd: string,
    size: { readonly cols: number; readonly rows: number },
    more: Readonly<Record<string, string>> = {},
  ): Terminal {
    const { NO_COLOR: _plain, ...env } = this.env;
    return new Terminal('heroku', args, { cwd, env: { ...env, TERM: 'xterm-256color', ...more }, ...size });
  }

  git(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
    return finish(this.#spawn('git', args, cwd, env), commandTimeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  #spawn(
    program: string,
    args: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>> = {},
    stdin: 'ignore' | 'pipe' = 'ignore',
  ): ChildProcess {
    return spawn(program, args, { cwd, env: { ...this.env, ...env }, stdio: [stdin, 'pipe', 'pipe'] });
  }
}

const gitIdentity = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

function finish(child: ChildProcess, timeoutMs: number): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  return new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ exitCode: code ?? -1, stdout, stderr: signal === null ? stderr : `${stderr}\nended by ${signal}` });
    });
  }).finally(() => {
    clearTimeout(timer);
  });
}
