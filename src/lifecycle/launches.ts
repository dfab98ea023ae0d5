import type { AppId, ReleaseId } from '../model/ids.ts';
import type { Release } from '../model/release.ts';
import type { LaunchOutcome } from './launch-outcome.ts';

export interface Launch {
  readonly release: Release;
  /** May reject; whoever began the launch gets that error, too. */
  readonly outcome: Promise<LaunchOutcome>;
}

/** The launches under way. A newer one ends an older one, whose pusher then wants to know how the newer one ended. */
export class Launches {
  readonly #underWay = new Map<ReleaseId, Launch>();
  readonly #cancels = new Map<ReleaseId, AbortController>();

  /**
   * `work` gets a function that it calls when nothing more will come of its release but the store's last word on it, and a
   * signal that calls it off.
   */
  run(
    release: Release,
    work: (end: () => void, cancelled: AbortSignal) => Promise<LaunchOutcome>,
  ): Promise<LaunchOutcome> {
    const calling = new AbortController();
    const end = (): void => {
      this.#underWay.delete(release.id);
      this.#cancels.delete(release.id);
    };
    this.#cancels.set(release.id, calling);
    const outcome = work(end, calling.signal).finally(end);
    this.#underWay.set(release.id, { release, outcome });
    return outcome;
  }

  /** Calls it off. Resolves when it has ended, one way or the other; false: there is no such launch (any more). */
  async cancel(id: ReleaseId, reason: Error): Promise<boolean> {
    const launch = this.#underWay.get(id);
    if (launch === undefined) return false;
    this.#cancels.get(id)?.abort(reason);
    await launch.outcome.catch(() => undefined);
    return true;
  }

  has(id: ReleaseId): boolean {
    return this.#underWay.has(id);
  }

  /** Launches of newer releases of the app, the newest first. */
  newerThan(version: number, appId: AppId): readonly Launch[] {
    return [...this.#underWay.values()]
      .filter(({ release }) => release.appId === appId && release.version > version)
      .toSorted((a, b) => b.release.version - a.release.version);
  }
}
