import type { App } from '../model/app.ts';
import type { DynoRuntime, DynoView, MeteredDyno, Exit } from '../model/dyno.ts';
import type { AppId, DynoId, DynoName, ProcessType, ReleaseId } from '../model/ids.ts';
import type { AppLogWriter } from '../model/log.ts';
import type { ConfigVars, Release } from '../model/release.ts';
import type { RouterFeed } from '../model/route.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/index.ts';
import type { ReadCustomHosts } from './custom-hosts.ts';
import type { FormationLimits } from './limits.ts';

export type DynoSelector = { readonly all: true } | { readonly type: ProcessType } | { readonly name: DynoName };

/** The dyno that decided that a roll-out failed. */
export interface FailedBoot {
  /** `boot-timeout`: did not listen on `$PORT` in time (R10). `crashed`: its process ended, or could not be started. */
  readonly reason: 'boot-timeout' | 'crashed';
  readonly dyno: DynoName;
  /** Null when it never ran. */
  readonly exit: Exit | null;
  /** Where a dyno listened instead of on `$PORT`, in words; null: nowhere, or that was not it. */
  readonly missedPort: string | null;
  /** The end of what it wrote, oldest first, at most 20. */
  readonly lastLines: readonly string[];
}

export type RollOutOutcome =
  | { readonly status: 'live' }
  /** The new dynos are gone; the older release runs and is routed as if nothing had been. */
  | ({ readonly status: 'kept-old' } & FailedBoot)
  /** There is no older release that works, so this one stays and its dynos are restarted by the crash policy. */
  | ({ readonly status: 'crashed' } & FailedBoot)
  /** A newer release is being rolled out, or the app is being destroyed. */
  | { readonly status: 'superseded' }
  /** Somebody called it off in time. `isCurrent`: nothing ran before it, so it stays the app's release, with its dynos stopped. */
  | { readonly status: 'cancelled'; readonly isCurrent: boolean };

/**
 * Which dynos run. What changes one app's dynos happens one after the other; a newer release makes the roll-out of an older
 * one give up at once, and destroying an app ends all of it. Nothing here keeps dynos from outliving this process.
 */
export interface Formation {
  /**
   * Puts a release live with no failed request: new web dynos are started beside the old ones and swapped in when all of
   * them listen. Resolves when the route is swapped and the other types are launched; the old dynos stop in the background.
   * `becomeCurrent` makes it the current release in the store. It is called once the release can't be given up any more and
   * before the router hears of it: at any moment exactly one release is what a restarted platform would run. Not called for
   * `kept-old` and `superseded`. `cancel`: gives up while it still can, and ends what it has started within two seconds.
   */
  rollOut(
    app: App,
    release: Release,
    becomeCurrent: () => Promise<void>,
    cancel?: AbortSignal,
  ): Promise<RollOutOutcome>;
  /** To be called after formation entries changed. Resolves when the added dynos are launched. Dynos that are `down` are started. */
  scale(app: App): Promise<void>;
  /**
   * Resolves when it is done, which for web dynos takes until the new ones listen; an unknown selector rejects at once with
   * `not_found`. New web dynos that don't come up leave the old ones in place. Clears the back-off of crashed dynos.
   */
  restart(app: App, which: DynoSelector): Promise<void>;
  /**
   * Stops dynos until the next release, restart or scale. Resolves when they are out of the route; they end in the background.
   * A guest is told to stop.
   */
  stop(app: App, which: DynoSelector): Promise<void>;
  /** In formation order, dynos of a running release phase first. A dyno that another one has replaced is not shown. */
  list(appId: AppId): readonly DynoView[];
  /** Shows a dyno that is not part of the formation in `list` until the returned function is called. `stop` ends it. */
  showGuest(view: DynoView, stop: () => void): () => void;
  /** Watches a guest as it does its own dynos, until `ended` settles: R14, and the metrics of an app that wants them. */
  meterGuest(dyno: MeteredDyno, ended: Promise<unknown>): void;
  /** The app was renamed, or its maintenance mode changed. Also gives a new app its first route. */
  refreshRoute(app: App): Promise<void>;
  /** Its custom domains, their certificates or its error pages changed. Resolves when the router has acknowledged it; nothing for an app that is gone. */
  refreshHosts(appId: AppId): Promise<void>;
  /** Ends all dynos of the app, with a short grace, and removes its route. Resolves when nothing is left. */
  removeApp(appId: AppId): Promise<void>;
  /** At boot, once: takes over what runs. Every app has its route when it resolves; missing dynos are being started then. */
  reconcile(): Promise<void>;
  /**
   * Stops every dyno of every app gracefully and side by side; the next platform process starts them again. From then on
   * nothing is started: roll-outs are `superseded`, and other changes change nothing.
   */
  stopAll(): Promise<void>;
  /** Lets go: nothing is stopped. Roll-outs under way reject with `unavailable`; `reconcile` of the next process goes on with them. */
  close(): Promise<void>;
}

export interface FormationDeps {
  readonly store: Store;
  readonly runtime: DynoRuntime;
  readonly router: RouterFeed;
  readonly logs: AppLogWriter;
  readonly log: Logger;
  /** Apps answer at `<app>.<domain>`. */
  readonly domain: string;
  /** Read once for each app, and again after `refreshHosts`. */
  readonly readCustomHosts: ReadCustomHosts;
  readConfigVars(releaseId: ReleaseId): Promise<ConfigVars>;
  /** The feature `log-runtime-metrics`. Default: no app has it. */
  wantsMetrics?(appId: AppId): Promise<boolean>;
  /** The end of what this very dyno wrote, oldest first, at most 20 lines. See DynoOutputs. */
  lastLines(appId: AppId, dynoId: DynoId): Promise<readonly string[]>;
  /** `$PORT` of web dynos, both ends included. Default 20000 to 29999: outside the kernel's ephemeral range. */
  readonly ports?: { readonly from: number; readonly to: number };
  readonly limits?: Partial<FormationLimits>;
  /** Default true: a release whose web dynos don't come up is given up while an older one works. */
  readonly keepOldOnFailedRollOut?: boolean;
  /** For tests. */
  readonly clock?: { now(): Date };
}
