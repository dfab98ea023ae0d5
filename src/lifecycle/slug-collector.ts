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

export interface SlugCollectorOptions {
  readonly store: Store;
  readonly slugs: SlugStore;
  /** Keeps work that nobody waits for. */
  readonly inBackground: (what: string, work: Promise<unknown>) => void;
  readonly closing: AbortSignal;
}

/**
 * Removes slugs and unpacked trees as soon as nothing uses them: after a launch, after the end of a dyno, with an app. A slug
 * stays while a release that a rollback can reach has it. A tree stays for the release that runs and those that are being
 * launched; any other is made again when it is needed. What a dyno holds stays in any case (see SlugStore.hold).
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
      if (!closing.aborted) await this.#collect(use);
    };
    inBackground('collection of slugs', this.#queue.run(use.appId, job));
  }

  async #collect({ appId, uid, slugs: others }: SlugUse): Promise<void> {
    const { store, slugs } = this.#options;
    const current = await store.releases.findCurrent(appId);
    const pending = (await store.releases.listPending()).filter((release) => release.appId === appId);
    const running = [current, ...pending].flatMap((release) => release?.slug?.sha256 ?? []);
    await slugs.discardUnpacked(uid, new Set(running));

    const inUse = new Set<string>(await store.slugs.listShasInUse());
    const own = await store.slugs.listShas(appId);
    for (const sha of new Set([...own, ...others])) {
      if (inUse.has(sha)) continue;
      await slugs.remove(sha, async () => (await store.slugs.listShasInUse()).includes(sha));
    }
  }
}
