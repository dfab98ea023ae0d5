import type { AppId, DomainId } from '../model/ids.ts';
import type { RouteChallenge } from '../model/route.ts';

/** What routers answer for orders under way. In memory only: after a restart, orders are gone on with and tell it again. */
export class AcmeChallenges {
  readonly #byApp = new Map<AppId, Map<DomainId, RouteChallenge>>();

  set(appId: AppId, domainId: DomainId, challenge: RouteChallenge): void {
    const ofApp = this.#byApp.get(appId) ?? new Map<DomainId, RouteChallenge>();
    this.#byApp.set(appId, ofApp.set(domainId, challenge));
  }

  /** False: there was none. */
  delete(appId: AppId, domainId: DomainId): boolean {
    const ofApp = this.#byApp.get(appId);
    const wasThere = ofApp?.delete(domainId) ?? false;
    if (ofApp?.size === 0) this.#byApp.delete(appId);
    return wasThere;
  }

  list(appId: AppId): readonly RouteChallenge[] {
    return [...(this.#byApp.get(appId)?.values() ?? [])];
  }
}
