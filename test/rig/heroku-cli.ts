import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, installPackage, type Finished, type Installation } from './install-package.ts';
import { checkout } from './platform-rig.ts';
import { Terminal } from './terminal.ts';

const version = '11.10.0';
const commandTimeoutMs = 60_000;
/** For a process that lives for a second, optimizing its code and threads for doing so cost a third of the time. */
const shortLived = ['--no-opt', '--v8-pool-size=0'];
/** These make an RSA key in JavaScript. */
const laborious = /^ps:(exec|copy|forward|socks)$/;

/** The official CLI as its users get it. */
export function installHerokuCli(): Promise<Installation> {
  return installPackage('heroku', version, join('bin', 'run.js'));
}

export type CliResult = Finished;

/** A shell of somebody who has evaluated `hokku env`, with a home folder of its own: nothing of the user's is read or changed. */
export class HerokuCli implements AsyncDisposable {
  readonly home: string;
  /** The environment of that shell; `heroku` is on its PATH, and git may not prompt. */
  readonly env: Readonly<Record<string, string>>;
  readonly #program: string;

  private constructor(home: string, env: Readonly<Record<string, string>>, program: string) {
    this.home = home;
    this.env = env;
    this.#program = program;
  }

  static async open(
    installation: { readonly dir: string },
    platform: { readonly dataDir: string; readonly token: string },
  ): Promise<HerokuCli> {
    const home = await mkdtemp(join(tmpdir(), 'hokku-cli-'));
    await mkdir(join(home, '.cache', 'heroku'), { recursive: true });
    await writeFile(join(home, '.cache', 'heroku', 'terms-of-service'), '');
    // As after its first day: else each command asks the registry anew, in a process that outlives it.
    await writeFile(join(home, '.cache', 'heroku', 'version'), JSON.stringify({ latest: version }));
    const before = {
      PATH: `${join(installation.dir, 'node_modules', '.bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
      HOME: home,
      LANG: 'C.UTF-8',
      // Else it is that of the account, which may be one that lets nobody in.
      SHELL: '/bin/bash',
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
      join(installation.dir, 'node_modules', 'heroku', 'bin', 'run.js'),
    );
  }

  /** Runs `heroku <args>`; `env` replaces single variables of the shell. */
  run(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
    const flags = ['--no-deprecation', ...(laborious.test(args[0] ?? '') ? [] : shortLived)];
    return finish(this.#spawn(process.execPath, [...flags, this.#program, ...args], cwd, env), commandTimeoutMs);
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
