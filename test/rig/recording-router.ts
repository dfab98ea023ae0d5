import { deferred, type Deferred } from '../../src/lib/deferred.ts';
import type { AppId, DynoId } from '../../src/model/ids.ts';
import type { AppRoute, RouterFeed } from '../../src/model/route.ts';

/** A router that only remembers what it was told. */
export class RecordingRouter implements RouterFeed {
  /** Every picture of every app, oldest first. */
  readonly routes: AppRoute[] = [];
  readonly removed: AppId[] = [];
  readonly drained$: DynoId[] = [];
  /** While set, `drained` waits for it: requests are under way. */
  requests: Deferred<void> | null = null;
  /** Refuses so many messages before it takes one. */
  refusals = 0;

  setRoute(route: AppRoute): Promise<void> {
    if (this.refusals > 0) {
      this.refusals -= 1;
      return Promise.reject(new Error('the router is not there'));
    }
    this.routes.push(route);
    return Promise.resolve();
  }

  removeRoute(appId: AppId): Promise<void> {
    this.removed.push(appId);
    return Promise.resolve();
  }

  async drained(dynoId: DynoId, _deadlineMs: number): Promise<void> {
    this.drained$.push(dynoId);
    await this.requests?.promise;
  }

  holdRequests(): Deferred<void> {
    this.requests = deferred();
    return this.requests;
  }

  get last(): AppRoute | undefined {
    return this.routes.at(-1);
  }

  /** `up v2 web.1 web.2` for the last picture. */
  get now(): string {
    return describeRoute(this.last);
  }

  /** All pictures, described. */
  get history(): readonly string[] {
    return this.routes.map(describeRoute);
  }
}

function describeRoute(route: AppRoute | undefined): string {
  if (route === undefined) return 'unknown';
  if (route.targets.length === 0) return route.web;
  const versions = [...new Set(route.targets.map((target) => `v${target.releaseVersion}`))];
  return [route.web, ...versions, ...route.targets.map((target) => target.name)].join(' ');
}
