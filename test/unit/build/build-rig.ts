import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { BuildCaches, build, type BuildInput, type BuildTools } from '../../../src/build/index.ts';
import { FetchedBuildpacks, type BuildpackFetcher } from '../../../src/buildpack/index.ts';
import { exitCodeOf, startProcess } from '../../../src/lib/spawn.ts';
import type { App } from '../../../src/model/app.ts';
import type { BuildOutcome, BuiltSlug } from '../../../src/model/build.ts';
import type { AccountId, AppId, AppName, BuildId } from '../../../src/model/ids.ts';
import { openSlugStore, type SlugStore } from '../../../src/slug/index.ts';
import type { RunInSandbox, Sandbox } from '../../../src/supervisor/index.ts';

const isRoot = process.getuid?.() === 0;

/** The `process` rung in its simplest form: a process group, `/app` is the host folder. */
export const processSandbox: Sandbox = {
  rung: 'process',
  description: 'a process group',
  hasPrivatePaths: false,
  wrapInside: () => {
    throw new Error('builds never join another sandbox');
  },
  wrap: ({ argv, env, app }) => ({
    file: argv[0] ?? '',
    args: argv.slice(1),
    env: { ...env, HOME: app.kind === 'bind' ? app.dir : app.upper },
  }),
};

export const runAsGroup: RunInSandbox = async (sandbox, command, options) => {
  const { file, args, env } = sandbox.wrap(command);
  const child = startProcess(file, args, {
    env,
    cwd: command.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(isRoot ? { uid: command.uid, gid: command.uid } : {}),
  });
  let endedBy: 'exit' | 'timeout' | 'abort' = 'exit';
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  };
  const stop = (why: 'timeout' | 'abort'): void => {
    endedBy = why;
    kill();
  };
  const onAbort = (): void => {
    stop('abort');
  };
  options.signal?.addEventListener('abort', onAbort);
  const timer = setTimeout(stop, options.timeoutMs ?? 60_000, 'timeout');
  child.stdout?.on('data', options.onStdout);
  child.stderr?.on('data', options.onStderr);
  child.once('exit', kill);
  const exitCode = await exitCodeOf(child);
  clearTimeout(timer);
  options.signal?.removeEventListener('abort', onAbort);
  return { exitCode, endedBy };
};

export interface BuildResult {
  readonly outcome: BuildOutcome;
  readonly text: string;
  readonly lines: readonly string[];
  /** Of a build that succeeded. */
  readonly slug: BuiltSlug;
}

type Files = Readonly<Record<string, string | { readonly mode: number; readonly text: string }>>;

/** A data folder, buildpacks written by the test, and builds of one app. */
export class BuildRig implements AsyncDisposable {
  readonly dir: string;
  readonly slugs: SlugStore;
  readonly caches: BuildCaches;
  readonly app: App;
  #builds = 0;

  constructor(dir: string, slugs: SlugStore) {
    this.dir = dir;
    this.slugs = slugs;
    this.caches = new BuildCaches(join(dir, 'cache'), pino({ enabled: false }));
    const now = new Date();
    this.app = {
      id: 'a0000000-0000-4000-8000-000000000001' as AppId,
      name: 'quiet-meadow-1' as AppName,
      ownerId: 'o' as AccountId,
      ownerEmail: 'o@example.com',
      stack: 'heroku-24',
      region: 'us',
      maintenance: false,
      acm: false,
      uid: 100_123,
      buildpackProvidedDescription: null,
      createdAt: now,
      updatedAt: now,
      releasedAt: null,
    };
  }

  static async open(): Promise<BuildRig> {
    const dir = await mkdtemp(join(tmpdir(), 'hokku-build-'));
    await writeFiles(dir, {}, 0o711);
    const slugs = await openSlugStore({ dir: join(dir, 'slugs'), log: pino({ enabled: false }) });
    const rig = new BuildRig(dir, slugs);
    await mkdir(rig.path('builds'), { mode: 0o711 });
    await rig.setOrder([]);
    return rig;
  }

  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  async setOrder(names: readonly string[]): Promise<void> {
    const buildpacks = names.map((name) => ({ name: `heroku/${name}`, path: name }));
    await writeFiles(this.path('buildpacks'), { 'order.json': JSON.stringify({ buildpacks }) });
  }

  /** Writes bash scripts of a buildpack (without `#!`) and puts it at the end of the order. */
  async addBuildpack(name: string, scripts: Readonly<Record<string, string>>): Promise<void> {
    const files = Object.entries(scripts).map(([path, text]) => [
      path,
      path.startsWith('bin/') ? `#!/usr/bin/env bash\n${text}\n` : text,
    ]);
    await writeFiles(this.path('buildpacks', name), Object.fromEntries(files) as Files);
    const known = (await readdir(this.path('buildpacks'), { withFileTypes: true })).filter((e) => e.isDirectory());
    await this.setOrder(known.map((entry) => entry.name).toSorted());
  }

  async source(files: Files): Promise<BuildInput['source']> {
    const dir = await mkdtemp(this.path('source-'));
    await writeFiles(dir, files);
    return {
      dir,
      commit: null,
      [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
    };
  }

  async build(files: Files, change: Partial<BuildInput> = {}, tools: Partial<BuildTools> = {}): Promise<BuildResult> {
    await using source = await this.source(files);
    this.#builds++;
    const chunks: Buffer[] = [];
    const outcome = await build(
      {
        buildId: `b-${this.#builds}` as BuildId,
        app: this.app,
        source,
        configVars: {},
        buildpacks: [],
        version: null,
        lastSlug: null,
        limits: { timeoutMs: 15_000, slugMaxBytes: 500 * 2 ** 20, slugSoftBytes: 300 * 2 ** 20 },
        signal: new AbortController().signal,
        ...change,
      },
      {
        sandbox: processSandbox,
        runInSandbox: runAsGroup,
        slugs: this.slugs,
        buildpacksDir: this.path('buildpacks'),
        registryFile: null,
        fetchedBuildpacks: new FetchedBuildpacks(this.path('fetched'), nothingThere),
        caches: this.caches,
        workDir: this.path('builds'),
        platformEnv: {},
        mirror: null,
        log: pino({ enabled: false }),
        ...tools,
      },
      { write: (chunk) => chunks.push(Buffer.from(chunk)) },
    );
    const text = Buffer.concat(chunks).toString('utf8');
    const slug = outcome.status === 'succeeded' ? outcome.slug : (undefined as unknown as BuiltSlug);
    return { outcome, text, lines: text.split('\n'), slug };
  }

  /** The folder to which the slug of a build unpacks. */
  unpacked(result: BuildResult): Promise<string> {
    return this.slugs.unpacked(result.slug.sha256, this.app.uid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.caches[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true });
  }
}

export async function writeFiles(dir: string, files: Files, mode = 0o755): Promise<void> {
  await mkdir(dir, { recursive: true });
  await chmod(dir, mode);
  for (const [path, file] of Object.entries(files)) {
    const { text, mode: fileMode } = typeof file === 'string' ? { text: file, mode: 0o644 } : file;
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text, { mode: fileMode });
  }
}

const nobody = { status: 'failed', detail: 'nobody is there', isAnswer: false } as const;
const nothingThere: BuildpackFetcher = {
  findCommit: () => Promise.resolve(nobody),
  fetchCommit: () => Promise.resolve(nobody),
  fetchArchive: () => Promise.resolve(nobody),
};
