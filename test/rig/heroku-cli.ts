import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** The CLI pointed at one platform, with a home folder of its own: nothing of the user's is read or changed. */
export class HerokuCli implements AsyncDisposable {
  readonly home: string;
  /** What `hokku env` prints, and a PATH on which git finds `heroku` as its credential helper. */
  readonly env: Readonly<Record<string, string>>;
  readonly #program: string;

  private constructor(home: string, installation: string, platform: { url: string; token: string; caFile?: string }) {
    this.home = home;
    this.#program = join(installation, 'node_modules', 'heroku', 'bin', 'run.js');
    const { host, hostname } = new URL(platform.url);
    this.env = {
      PATH: `${join(installation, 'node_modules', '.bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
      HOME: home,
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      HEROKU_HOST: platform.url,
      HEROKU_API_KEY: platform.token,
      HEROKU_DATA_HOST: hostname,
      HEROKU_PARTICLEBOARD_URL: platform.url,
      HEROKU_LOGIN_HOST: platform.url,
      HEROKU_BUILDPACK_REGISTRY_URL: platform.url,
      HEROKU_STATUS_HOST: platform.url,
      HEROKU_EXEC_URL: `https://${host}/`,
      PGDIAGNOSE_URL: hostname,
      DISABLE_TELEMETRY: 'true',
      HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
      HEROKU_DISABLE_AUTOUPDATE: 'true',
      HEROKU_NETRC_WRITE: 'true',
      ...(platform.caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: platform.caFile }),
    };
  }

  static async open(
    installation: { readonly dir: string },
    platform: { url: string; token: string; caFile?: string },
  ): Promise<HerokuCli> {
    const home = await mkdtemp(join(tmpdir(), 'hokku-cli-'));
    await mkdir(join(home, '.cache', 'heroku'), { recursive: true });
    await writeFile(join(home, '.cache', 'heroku', 'terms-of-service'), '');
    return new HerokuCli(home, installation.dir, platform);
  }

  /** Runs `heroku <args>`; `cwd` is the home folder unless it is given. */
  run(args: readonly string[], cwd = this.home): Promise<CliResult> {
    return finish(this.start(args, cwd), commandTimeoutMs);
  }

  /** For commands that don't end by themselves. The caller ends it. */
  start(args: readonly string[], cwd = this.home): ChildProcess {
    return spawn(process.execPath, [this.#program, ...args], {
      cwd,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}

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
