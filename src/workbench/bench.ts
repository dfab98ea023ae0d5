import { randomUUID } from 'node:crypto';
import { chmod, copyFile, lstat, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { build, FolderCache, type BuildTools, type ScriptsLeft } from '../build/index.ts';
import { FetchedBuildpacks, type BuildpackFetcher } from '../buildpack/index.ts';
import { PlatformError } from '../errors/platform-error.ts';
import { removeTree } from '../lib/remove-tree.ts';
import { run } from '../lib/spawn.ts';
import type { Logger } from '../log.ts';
import type { App } from '../model/app.ts';
import type { BuildOutcome, BuildOutput } from '../model/build.ts';
import type { AccountId, AppId, AppName, BuildId, Sha256 } from '../model/ids.ts';
import type { Mirror } from '../mirror/index.ts';
import type { ConfigVars } from '../model/release.ts';
import { openSlugStore, type SlugStore } from '../slug/index.ts';
import { runInSandbox, type RunInSandbox, type Sandbox } from '../supervisor/index.ts';

/** As root, the user that everything on a bench runs as: nobody's in particular. */
const benchUid = 64_998;

export interface BenchOptions {
  readonly sandbox: Sandbox;
  /** The platform's own buildpacks. */
  readonly buildpacksDir: string;
  readonly registryFile: string | null;
  readonly platformEnv: Readonly<Record<string, string>>;
  readonly limits: {
    readonly timeoutMs: number;
    readonly slugMaxBytes: number;
    readonly slugSoftBytes: number;
  };
  /** `workDir`: for what is under way. */
  readonly openFetcher: (workDir: string) => BuildpackFetcher;
  /** Ends with the bench; null: scripts download from where they say. */
  readonly mirror: Mirror | null;
  readonly log: Logger;
}

export interface BenchBuild {
  /** Folder of the app. It is copied: nothing is written to it. */
  readonly appDir: string;
  /** References as the platform takes them, or paths of folders on this machine, from `fromDir`. Empty: detection. */
  readonly buildpacks: readonly string[];
  readonly fromDir: string;
  readonly env: ConfigVars;
  readonly cache: FolderCache;
  readonly output: BuildOutput;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  /** See BuildInput. */
  readonly isForTests?: boolean;
  readonly afterScripts?: (left: ScriptsLeft) => Promise<void>;
  /** Stands between the build and the sandbox, for whoever wants to know or to add something. */
  readonly watch?: (run: RunInSandbox) => RunInSandbox;
}

/** A place to build on without a server: the build of the platform, and a temporary folder that disposing removes. */
export class Bench implements AsyncDisposable {
  readonly sandbox: Sandbox;
  /** Host folder. */
  readonly dir: string;
  readonly slugs: SlugStore;
  readonly uid = process.getuid?.() === 0 ? benchUid : (process.getuid?.() ?? 0);
  readonly #options: BenchOptions;
  readonly #fetched: FetchedBuildpacks;

  private constructor(options: BenchOptions, dir: string, slugs: SlugStore) {
    this.#options = options;
    this.sandbox = options.sandbox;
    this.dir = dir;
    this.slugs = slugs;
    this.#fetched = new FetchedBuildpacks(join(dir, 'fetched'), options.openFetcher(join(dir, 'fetched')));
  }

  static async open(options: BenchOptions): Promise<Bench> {
    const dir = await mkdtemp(join(tmpdir(), 'hokku-bench-'));
    try {
      // Without walls, the scripts' user must get at its folders.
      await chmod(dir, 0o711);
      await mkdir(join(dir, 'slugs'), { mode: 0o711 });
      const slugs = await openSlugStore({ dir: join(dir, 'slugs'), log: options.log });
      return new Bench(options, dir, slugs);
    } catch (error) {
      await removeTree(dir);
      throw error;
    }
  }

  /** One build, as a push would have it. Builds with a cache of their own may run side by side. */
  async build(request: BenchBuild): Promise<BuildOutcome> {
    const { limits } = this.#options;
    const id = randomUUID();
    const { references, local } = await findLocal(request.buildpacks, request.fromDir);
    const source = join(this.dir, `source-${id}`);
    await copyApp(request.appDir, source, request.signal);
    const input = {
      buildId: id as BuildId,
      app: this.#app(id),
      source: { dir: source, commit: null, [Symbol.asyncDispose]: () => removeTree(source) },
      configVars: request.env,
      buildpacks: references,
      version: null,
      lastSlug: null,
      isForTests: request.isForTests === true,
      limits: { ...limits, timeoutMs: request.timeoutMs ?? limits.timeoutMs },
      signal: request.signal,
    };
    try {
      return await build(input, this.#tools(request, local), request.output);
    } finally {
      await removeTree(source);
    }
  }

  /** The folder that the slug unpacks to. */
  unpacked(sha: Sha256): Promise<string> {
    return this.slugs.unpacked(sha, this.uid);
  }

  /** Copies the slug to a file, which is there as a whole or not at all. */
  async writeSlug(sha: Sha256, file: string): Promise<void> {
    const temporary = `${file}.tmp-${randomUUID()}`;
    try {
      await copyFile(this.slugs.path(sha), temporary);
      await chmod(temporary, 0o644);
      await rename(temporary, file);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** A cache that lasts as long as the bench. */
  cache(name: string): FolderCache {
    return new FolderCache(join(this.dir, 'caches', name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.mirror?.[Symbol.asyncDispose]();
    await removeTree(this.dir);
  }

  // Private

  #tools({ cache, afterScripts, watch }: BenchBuild, local: ReadonlyMap<string, string>): BuildTools {
    const { sandbox, buildpacksDir, registryFile, platformEnv, mirror, log } = this.#options;
    return {
      ...{ sandbox, buildpacksDir, registryFile, platformEnv, mirror, log },
      runInSandbox: watch === undefined ? runInSandbox : watch(runInSandbox),
      slugs: this.slugs,
      fetchedBuildpacks: this.#fetched,
      caches: cache,
      localBuildpacks: local,
      workDir: join(this.dir, 'builds'),
      ...(afterScripts === undefined ? {} : { afterScripts }),
    };
  }

  #app(id: string): App {
    const now = new Date();
    return {
      id: id as AppId,
      name: 'workbench' as AppName,
      ownerId: id as AccountId,
      ownerEmail: '',
      stack: 'heroku-24',
      region: 'us',
      maintenance: false,
      acm: false,
      uid: this.uid,
      buildpackProvidedDescription: null,
      createdAt: now,
      updatedAt: now,
      releasedAt: null,
    };
  }
}

/** What is no reference of the platform's and what begins with a dot or a slash is a folder of this machine. */
async function findLocal(
  buildpacks: readonly string[],
  fromDir: string,
): Promise<{ readonly references: readonly string[]; readonly local: ReadonlyMap<string, string> }> {
  const local = new Map<string, string>();
  const references: string[] = [];
  for (const reference of buildpacks) {
    if (!/^[./]/.test(reference)) {
      references.push(reference);
      continue;
    }
    const dir = resolve(fromDir, reference);
    await requireBuildpack(dir);
    const name = nameFor(dir, local);
    local.set(name, dir);
    references.push(name);
  }
  return { references, local };
}

/** Its folder's name, with as much of the path as it takes to tell two apart. */
function nameFor(dir: string, taken: ReadonlyMap<string, string>): string {
  let name = basename(dir);
  for (let above = dirname(dir); (taken.get(name) ?? dir) !== dir && above !== '/'; above = dirname(above)) {
    name = join(basename(above), name);
  }
  return name;
}

/** Throws a PlatformError where `dir` is no buildpack. */
export async function requireBuildpack(dir: string): Promise<void> {
  const stats = await stat(join(dir, 'bin', 'compile')).catch(() => null);
  if (stats?.isFile() === true) return;
  const what = (await lstat(dir).catch(() => null)) === null ? 'there is no such folder' : 'it has no bin/compile';
  throw new PlatformError(
    'not_found',
    `${dir} is no buildpack: ${what}. Name the folder that holds bin/, or make a new one with \`hokku buildpack new\`.`,
  );
}

async function copyApp(from: string, to: string, signal: AbortSignal): Promise<void> {
  if ((await stat(from).catch(() => null))?.isDirectory() !== true) {
    throw new PlatformError('not_found', `${from} is no folder. Name the folder that holds the app.`);
  }
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
  await run('cp', ['-a', '--reflink=auto', '-T', '--', resolve(from), to], { env, signal, timeoutMs: 300_000 });
}
