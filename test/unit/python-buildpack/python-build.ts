import { cp, mkdir, mkdtemp, rm, writeFile, readFile, readdir, lstat, readlink } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn } from '../../../src/lib/spawn.ts';

const root = join(import.meta.dirname, '../../..');
export const buildpackDir = join(root, 'buildpacks/python');
export const fixturesDir = join(root, 'fixtures/apps');

export interface CompileResult {
  readonly exitCode: number;
  /** What the pusher sees, stdout and stderr as they came. */
  readonly output: string;
  /** Of bin/report. */
  readonly report: Readonly<Record<string, unknown>>;
  /** Of bin/release. */
  readonly release: string;
}

/** The folders of one app's builds: a source tree per build, one cache, one ENV_DIR, as the platform keeps them. */
export class PythonBuild implements AsyncDisposable {
  readonly #root: string;
  readonly #env: Readonly<Record<string, string>>;
  #buildpack = '';
  #builds = 0;
  buildDir = '';

  private constructor(dir: string, env: Readonly<Record<string, string>>) {
    this.#root = dir;
    this.#env = env;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<PythonBuild> {
    const build = new PythonBuild(await mkdtemp(join(tmpdir(), 'python-build-')), env);
    // A copy: bin/compile writes `export` next to itself, and the sources may belong to another user.
    build.#buildpack = join(build.#root, 'buildpacks/python');
    await cp(buildpackDir, build.#buildpack, { recursive: true });
    await cp(join(buildpackDir, '../shared'), join(build.#root, 'buildpacks/shared'), { recursive: true });
    for (const name of ['cache', 'env', 'home']) await mkdir(join(build.#root, name));
    return build;
  }

  get cacheDir(): string {
    return join(this.#root, 'cache');
  }

  get exportFile(): string {
    return join(this.#buildpack, 'export');
  }

  async setConfigVar(name: string, value: string): Promise<void> {
    await writeFile(join(this.#root, 'env', name), value);
  }

  /** A new source tree: a fixture, or files (path to text). */
  async source(what: string | Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    this.#builds += 1;
    this.buildDir = join(this.#root, `build_${this.#builds}${'f'.repeat(this.#builds)}`);
    if (typeof what === 'string') {
      await cp(join(fixturesDir, what), this.buildDir, { recursive: true, verbatimSymlinks: true });
      return;
    }
    await mkdir(this.buildDir);
    for (const [path, text] of Object.entries(what)) {
      await mkdir(dirname(join(this.buildDir, path)), { recursive: true });
      await writeFile(join(this.buildDir, path), text, { mode: path.startsWith('bin/') ? 0o755 : 0o644 });
    }
  }

  async detect(): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const { exitCode, stdout, stderr } = await spawn(
      join(this.#buildpack, 'bin/detect'),
      [this.buildDir],
      this.#options(),
    );
    return { exitCode, stdout: stdout.toString(), stderr };
  }

  async compile(env: Readonly<Record<string, string>> = {}): Promise<CompileResult> {
    const dirs = [this.buildDir, this.cacheDir, join(this.#root, 'env')];
    const script = 'exec "$0" "$@" 2>&1';
    const compile = join(this.#buildpack, 'bin/compile');
    const options = this.#options(env);
    const { exitCode, stdout } = await spawn('bash', ['-c', script, compile, ...dirs], options);
    const report = await spawn(join(this.#buildpack, 'bin/report'), dirs, options);
    const release = await spawn(join(this.#buildpack, 'bin/release'), [this.buildDir], options);
    return {
      exitCode,
      output: stdout.toString(),
      report: JSON.parse(report.stdout.toString()) as Record<string, unknown>,
      release: release.stdout.toString(),
    };
  }

  /** Runs a command as a dyno would whose home is the build folder moved elsewhere: profile scripts first. */
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

  #options(env: Readonly<Record<string, string>> = {}) {
    return {
      cwd: this.#buildpack,
      timeoutMs: 120_000,
      env: {
        HOME: join(this.#root, 'home'),
        PATH: '/usr/local/bin:/usr/bin:/bin',
        STACK: 'heroku-24',
        TMPDIR: tmpdir(),
        // Neither a hidden setting of this machine nor a host that may be reachable decides a test.
        PIP_CONFIG_FILE: '/dev/null',
        PYTHON_BUILDPACK_SOURCES: 'machine',
        ...this.#env,
        ...env,
      },
    };
  }
}

/** One hash per file of a tree: path, kind, mode and content. */
export async function treeOf(dir: string, prefix = ''): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const name of (await readdir(dir)).sort()) {
    const path = join(dir, name);
    const info = await lstat(path);
    const shown = prefix + name;
    if (info.isDirectory()) Object.assign(tree, await treeOf(path, `${shown}/`));
    else if (info.isSymbolicLink()) tree[shown] = `-> ${await readlink(path)}`;
    else
      tree[shown] = `${info.mode.toString(8)} ${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')}`;
  }
  return tree;
}
