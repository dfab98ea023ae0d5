import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn } from '../../src/lib/spawn.ts';

const root = join(import.meta.dirname, '../..');
const buildpacksDir = join(root, 'buildpacks');

export interface CompileResult {
  readonly exitCode: number;
  /** What the pusher sees, stdout and stderr as they came. */
  readonly output: string;
  /** Of bin/report. */
  readonly report: Readonly<Record<string, unknown>>;
  /** Of bin/release. */
  readonly release: string;
}

/** One of the platform's buildpacks and the folders of one app's builds: a source tree per build, one cache, one ENV_DIR. */
export class BuildpackRun implements AsyncDisposable {
  readonly #root: string;
  readonly #name: string;
  readonly #env: Readonly<Record<string, string>>;
  #builds = 0;
  buildDir = '';

  private constructor(dir: string, name: string, env: Readonly<Record<string, string>>) {
    this.#root = dir;
    this.#name = name;
    this.#env = env;
  }

  /** `env`: what the platform would pass on, beside the few variables that every build has. */
  static async start(name: string, env: Readonly<Record<string, string>> = {}): Promise<BuildpackRun> {
    const build = new BuildpackRun(await mkdtemp(join(tmpdir(), `${name}-build-`)), name, env);
    // A copy: bin/compile writes `export` next to itself, and the sources may belong to another user.
    for (const folder of [name, 'shared']) {
      await cp(join(buildpacksDir, folder), join(build.#root, 'buildpacks', folder), { recursive: true });
    }
    for (const folder of ['cache', 'env', 'home']) await mkdir(join(build.#root, folder));
    return build;
  }

  get cacheDir(): string {
    return join(this.#root, 'cache');
  }

  async setConfigVar(name: string, value: string): Promise<void> {
    await writeFile(join(this.#root, 'env', name), value);
  }

  /** A new source tree: a fixture, or files (path to text). */
  async source(what: string | Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    this.#builds += 1;
    this.buildDir = join(this.#root, `build_${this.#builds}`);
    if (typeof what === 'string') {
      await cp(join(root, 'fixtures/apps', what), this.buildDir, { recursive: true, verbatimSymlinks: true });
      return;
    }
    await mkdir(this.buildDir);
    for (const [path, text] of Object.entries(what)) {
      await mkdir(dirname(join(this.buildDir, path)), { recursive: true });
      await writeFile(join(this.buildDir, path), text);
    }
  }

  read(path: string): Promise<string> {
    return readFile(join(this.buildDir, path), 'utf8');
  }

  async detect(): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const { exitCode, stdout, stderr } = await spawn(this.#script('detect'), [this.buildDir], this.#options({}));
    return { exitCode, stdout: stdout.toString(), stderr };
  }

  async compile(env: Readonly<Record<string, string>> = {}): Promise<CompileResult> {
    const dirs = [this.buildDir, this.cacheDir, join(this.#root, 'env')];
    const options = this.#options(env);
    const args = ['-c', 'exec "$0" "$@" 2>&1', this.#script('compile'), ...dirs];
    const { exitCode, stdout } = await spawn('bash', args, options);
    const report = await spawn(this.#script('report'), dirs, options);
    const release = await spawn(this.#script('release'), [this.buildDir], options);
    return {
      exitCode,
      output: stdout.toString(),
      report: JSON.parse(report.stdout.toString()) as Record<string, unknown>,
      release: release.stdout.toString(),
    };
  }

  /** Runs a command as a dyno would whose home is a copy of the build folder: profile scripts first. */
  async runDyno(
    command: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ exitCode: number; output: string }> {
    const home = join(this.#root, `dyno-${this.#builds}`);
    await rm(home, { recursive: true, force: true });
    await cp(this.buildDir, home, { recursive: true, verbatimSymlinks: true });
    const script = 'cd "$HOME"; for file in .profile.d/*.sh; do . "$file"; done; eval "$0" 2>&1';
    const { exitCode, stdout } = await spawn('bash', ['-c', script, command], {
      env: { HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin', ...env },
      timeoutMs: 30_000,
    });
    return { exitCode, output: stdout.toString() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }

  #script(name: string): string {
    return join(this.#root, 'buildpacks', this.#name, 'bin', name);
  }

  #options(env: Readonly<Record<string, string>>) {
    return {
      cwd: join(this.#root, 'buildpacks', this.#name),
      timeoutMs: 240_000,
      env: {
        HOME: join(this.#root, 'home'),
        PATH: '/usr/local/bin:/usr/bin:/bin',
        STACK: 'heroku-24',
        TMPDIR: tmpdir(),
        ...this.#env,
        ...env,
      },
    };
  }
}
