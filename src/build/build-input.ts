import type { Buildpack, BuildSpace, FetchedBuildpacks } from '../buildpack/index.ts';
import type { Logger } from '../log.ts';
import type { App } from '../model/app.ts';
import type { SourceTree } from '../model/build.ts';
import type { BuildId, Sha256 } from '../model/ids.ts';
import type { ConfigVars } from '../model/release.ts';
import type { Mirror } from '../mirror/index.ts';
import type { SlugStore } from '../slug/index.ts';
import type { RunInSandbox, Sandbox } from '../supervisor/index.ts';
import type { BuildCaches } from './build-cache.ts';
import type { BuildScreen } from './build-screen.ts';
import type { WorkFolder } from './work-folder.ts';

export interface BuildInput {
  readonly buildId: BuildId;
  readonly app: App;
  /** Its folder is moved into the build, so only the build may use it from then on. */
  readonly source: SourceTree;
  readonly configVars: ConfigVars;
  /** References in order; empty: the platform's buildpacks are asked. */
  readonly buildpacks: readonly string[];
  /** The commit, or what the client calls the source; scripts see it as SOURCE_VERSION. */
  readonly version: string | null;
  /** Of the app's current release; makes packing a tree that is much like it quicker. */
  readonly lastSlug: Sha256 | null;
  /** For a test run of the app, as Heroku CI has it: `bin/test-compile` where there is one, and CI=true. */
  readonly isForTests?: boolean;
  readonly limits: {
    /** For all scripts together. */
    readonly timeoutMs: number;
    readonly slugMaxBytes: number;
    readonly slugSoftBytes: number;
  };
  /** Aborting ends the build within 2 seconds. */
  readonly signal: AbortSignal;
}

export interface BuildTools {
  readonly sandbox: Sandbox;
  readonly runInSandbox: RunInSandbox;
  readonly slugs: SlugStore;
  /** Holds `order.json` and a folder per buildpack. */
  readonly buildpacksDir: string;
  readonly fetchedBuildpacks: FetchedBuildpacks;
  /** The operator's names for buildpacks elsewhere; null: none. */
  readonly registryFile: string | null;
  readonly caches: Pick<BuildCaches, 'restore' | 'save'>;
  /** Folders of this machine that a reference in `BuildInput.buildpacks` may mean. */
  readonly localBuildpacks?: ReadonlyMap<string, string>;
  /** Called when the scripts are done, whether they succeeded or not, while all that they left is still there. */
  readonly afterScripts?: (left: ScriptsLeft) => Promise<void>;
  /** One folder per running build in it; on the file system of the caches, so that a cache is moved, not copied. */
  readonly workDir: string;
  /** What the operator gives to every build: CA, proxy and registry variables. */
  readonly platformEnv: Readonly<Record<string, string>>;
  /** Stands for the hosts that scripts download from; null: nothing does. */
  readonly mirror: Mirror | null;
  readonly log: Logger;
}

/** What is there when the scripts of a build are done, and before it is packed or removed. */
export interface ScriptsLeft {
  readonly space: BuildSpace;
  /** Those that were begun, the last one being where a build failed. */
  readonly buildpacks: readonly Buildpack[];
  /** Host folder that holds `tmp` and `home`. */
  readonly dir: string;
  readonly status: 'succeeded' | 'failed';
}

/** A build under way, as its steps see it. */
export interface RunningBuild {
  readonly input: BuildInput;
  readonly tools: BuildTools;
  readonly screen: BuildScreen;
  readonly work: WorkFolder;
  readonly space: BuildSpace;
}
