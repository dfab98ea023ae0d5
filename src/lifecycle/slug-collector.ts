import type { CollectionGate } from '../disk/index.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';
import type { AppId, Sha256 } from '../model/ids.ts';
import type { SlugStore } from '../slug/index.ts';
import type { Store } from '../store/index.ts';

/** What may be unused now. */
export interface SlugUse {
  readonly appId: AppId;
  readonly uid: number;
  /** Besides those that the app's rows tell of. */
  readonly slugs: readonly Sha256[];
}

/** An app's newest releases can be rolled back to in any case, older ones while they are this young and there is room. */
export interface RollbackReach {
  readonly rollbackReleases: number;
  readonly rollbackMs: number;
}

export interface SlugCollectorOptions {
  readonly store: Store;
  readonly slugs: SlugStore;
  readonly reach: RollbackReach;
  readonly gate: CollectionGate;
  /** Keeps work that nobody waits for. */
  readonly inBackground: (what: string, work: Promise<unknown>) => void;
  readonly closing: AbortSignal;
}

/**
 * Removes slugs and unpacked trees as soon as nothing uses them: after a launch, after the end of a dyno, with an app. A slug
 * stays while a release that a rollback can reach has it. A tree stays for the release that runs and those that are being
 * launched; any other is made again when it is needed. What a dyno holds stays in any case (see SlugStore.hold).
 * Source: https://devcenter.heroku.com/articles/releases, "Release Retention Policy": 20 releases, 30 days.
 */
export class SlugCollector {
  readonly #options: SlugCollectorOptions;
  readonly #queue = new KeyedQueue<AppId>();

  constructor(options: SlugCollectorOptions) {
    this.#options = options;
  }

  /** Goes on in the background. What a crash keeps it from is done at the next start. */
  collect(use: SlugUse): void {
    const { closing, inBackground } = this.#options;
    if (closing.aborted) return;
    const job = async (): Promise<void> => {
      if (!closing.aborted) await this.#options.gate.run(() => this.#collect(use)).catch(unless(closing));
    };
    inBackground('collection of slugs', this.#queue.run(use.appId, job));
  }

  async #collect({ appId, uid, slugs: others }: SlugUse): Promise<void> {
    const { store, slugs } = this.#options;
    const current = await store.releases.findCurrent(appId);
    const pending = (await store.releases.listPending()).filter((release) => release.appId === appId);
    const running = [current, ...pending].flatMap((release) => release?.slug?.sha256 ?? []);
    await slugs.discardUnpacked(uid, new Set(running));

    await this.#expire(appId, this.#options.reach.rollbackMs);
    await this.#removeUnused([...(await store.slugs.listShas(appId)), ...others]);
  }

  /** Removes slugs that are not of the newest releases, the app's oldest first, at most `max`. Returns how many releases have expired. */
  async squeeze(appId: AppId, max: number): Promise<number> {
    return this.#queue.run(appId, async () => {
      const expired = await this.#expire(appId, 0, max);
      if (expired > 0) await this.#removeUnused(await this.#options.store.slugs.listShas(appId));
      return expired;
    });
  }

  #expire(appId: AppId, ageMs: number, max = Infinity): Promise<number> {
    const { store, reach } = this.#options;
    return store.releases.expire(appId, { keep: reach.rollbackReleases, before: new Date(Date.now() - ageMs), max });
  }

  async #removeUnused(shas: readonly Sha256[]): Promise<void> {
    const { store, slugs } = this.#options;
    const inUse = new Set<string>(await store.slugs.listShasInUse());
    for (const sha of new Set(shas)) if (!inUse.has(sha)) await slugs.remove(sha, inUseNow(store));
  }
}

/** For the last moment before a slug is removed. */
export function inUseNow(store: Store): (sha: Sha256) => Promise<boolean> {
  return async (sha) => (await store.slugs.listShasInUse()).includes(sha);
}

/** Work that was given up for the end of the platform has not failed. */
function unless(closing: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!closing.aborted) throw error;
  };
}
