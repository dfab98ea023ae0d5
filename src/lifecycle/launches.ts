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

  /** `work` gets a function that it calls when nothing more will come of its release but the store's last word on it. */
  run(release: Release, work: (end: () => void) => Promise<LaunchOutcome>): Promise<LaunchOutcome> {
    const end = (): void => {
      this.#underWay.delete(release.id);
    };
    const outcome = work(end).finally(end);
    this.#underWay.set(release.id, { release, outcome });
    return outcome;
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
