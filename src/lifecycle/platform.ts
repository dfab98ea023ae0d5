import type { UploadSlots } from '../lib/upload-slots.ts';
import type { GuessLimit } from '../account/index.ts';
import type { BuildCaches, BuildTools } from '../build/index.ts';
import type { ConfigVarsBox } from '../config-vars/index.ts';
import type { Attachments } from './attachments.ts';
import type { OneOffDynos } from './one-off-dynos.ts';
import type { BuildCancellations } from './build-cancellations.ts';
import type { Launches } from './launches.ts';
import type { DiskKeeper } from './disk-keeper.ts';
import type { SlugCollector } from './slug-collector.ts';
import type { DynoOutputs, Formation } from '../formation/index.ts';
import type { FairSlots } from '../lib/fair-slots.ts';
import type { KeyedQueue } from '../lib/keyed-queue.ts';
import type { PathSigner } from '../lib/signed-path.ts';
import type { Outbound } from '../lib/outbound.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import type { Logs } from '../log.ts';
import type { Metrics } from '../metrics/index.ts';
import type { Logplex } from '../logplex/index.ts';
import type { AccountId, AppName, AppId } from '../model/ids.ts';
import type { DynoRuntime } from '../model/dyno.ts';
import type { Repos } from '../repo/index.ts';
import type { OutputStreams } from '../output-stream/index.ts';
import type { SlugStore } from '../slug/index.ts';
import type { SourceStore } from '../source/index.ts';
import type { Store } from '../store/index.ts';
import type { Webhooks } from '../webhook/index.ts';

/** Where things answer, as clients have to write it. */
export interface PlatformUrls {
  /** `http://myapp.localhost:5000/` */
  web(app: AppName): string;
  /** `https://localhost:5000/myapp.git`: the form that the official CLI computes by itself. */
  git(app: AppName): string;
  /** Base of the Platform API, without a slash at the end. */
  readonly api: string;
}

export interface Limits {
  readonly sourceMaxBytes: number;
  readonly buildTimeoutMs: number;
  readonly slugMaxBytes: number;
  readonly slugSoftBytes: number;
  readonly releasePhaseTimeoutMs: number;
  /** Without a byte in either direction, for the client of a one-off dyno. */
  readonly attachIdleMs: number;
}

/** What the stories need. Declared here by its consumer; only open-platform.ts constructs it. */
export interface Platform {
  readonly urls: PlatformUrls;
  readonly domain: string;
  /** The one stack that this platform offers: `heroku-24`. */
  readonly stack: string;
  /** The one region: `us`. */
  readonly region: string;
  readonly limits: Limits;
  /** Origins inside private networks that sources may be fetched from. */
  readonly privateSources: readonly string[];
  readonly store: Store;
  /** Wrong tokens and passwords, of all doors. */
  readonly guesses: GuessLimit;
  readonly repos: Repos;
  readonly slugs: SlugStore;
  readonly slugCollector: SlugCollector;
  readonly disk: DiskKeeper;
  /** Tarballs of source that clients have uploaded. */
  readonly sources: SourceStore;
  /** By account, of slugs that clients upload. */
  readonly slugUploads: UploadSlots;
  /** The output of builds and release commands. */
  readonly streams: OutputStreams;
  /** Makes and checks the URLs of uploads, downloads and streams. */
  readonly signer: PathSigner;
  readonly configVars: ConfigVarsBox;
  /** Keeps other credentials of users. */
  readonly secretBox: SecretBox;
  /** Judges what users want called. */
  readonly outbound: Outbound;
  readonly buildTools: BuildTools & { readonly caches: BuildCaches };
  /** Builds of one app run one after the other; a place in it belongs to a live build. */
  readonly builds: KeyedQueue<AppId>;
  /** By the account that asked for it, of builds at work. */
  readonly buildSlots: FairSlots<AccountId>;
  readonly cancellations: BuildCancellations;
  readonly launches: Launches;
  readonly formation: Formation;
  readonly runtime: DynoRuntime;
  readonly outputs: DynoOutputs;
  readonly oneOffs: OneOffDynos;
  readonly attachments: Attachments;
  /** The transport of attach URLs. `ssh` needs an SSH client where the official CLI runs, but no trust in our certificate. */
  readonly attachBy: 'rendezvous' | 'ssh';
  readonly metrics: Metrics;
  readonly logplex: Logplex;
  /** Tells others by HTTP what the store has noted. */
  readonly webhooks: Webhooks;
  /** Those that the platform requests by itself: the keeper of them. */
  readonly certificates: { readonly isOffered: boolean; wake(): void };
  readonly logs: Logs;
  /** Work that goes on after its request was answered; `on-shutdown` waits for it. A failure is logged, never lost. */
  inBackground(what: string, work: Promise<unknown>): void;
  /** Aborted when the platform shuts down: running builds stop. */
  readonly closing: AbortSignal;
}
