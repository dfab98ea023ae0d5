import type { AppId, AppName } from '../model/ids.ts';
import type { AppRoute, RouteCertificate } from '../model/route.ts';

/** A change of the table. `whole`: apps that are not in `set` are gone. */
export interface RouteChange {
  readonly set: readonly AppRoute[];
  readonly remove: readonly AppId[];
  readonly whole: boolean;
}

interface Snapshot {
  readonly byHost: ReadonlyMap<string, AppRoute>;
  readonly byApp: ReadonlyMap<AppId, AppRoute>;
}

/** Which app answers at which host. Each change makes a new table and swaps it in with one assignment, so no request sees half of one. */
export class RoutingTable {
  #current: Snapshot = { byHost: new Map(), byApp: new Map() };
  #complete = false;
  readonly #waiting = new Map<AppId | typeof anyApp, Set<() => void>>();

  /** False until a whole table was set once: a host that is missing may then just not have been told yet. */
  isComplete(): boolean {
    return this.#complete;
  }

  /** Exact names win over wildcards, longer wildcards over shorter ones. */
  appAt(host: string): AppRoute | null {
    return this.#at(host)?.route ?? null;
  }

  /** Null: the host that answers there has none of its own, or no app answers. */
  certificateAt(host: string): RouteCertificate | null {
    const found = this.#at(host);
    return found?.route.certificates.find(({ hosts }) => hosts.includes(found.name)) ?? null;
  }

  /** With the name, perhaps a wildcard, under which the host was found. */
  #at(host: string): { readonly route: AppRoute; readonly name: string } | null {
    const { byHost } = this.#current;
    const exact = byHost.get(host);
    if (exact !== undefined) return { route: exact, name: host };
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const name = `*${host.slice(dot)}`;
      const route = byHost.get(name);
      if (route !== undefined) return { route, name };
    }
    return null;
  }

  appNames(): ReadonlySet<AppName> {
    return new Set([...this.#current.byApp.values()].map(({ appName }) => appName));
  }

  routeOf(appId: AppId): AppRoute | null {
    return this.#current.byApp.get(appId) ?? null;
  }

  apply(change: RouteChange): void {
    const byApp = new Map(change.whole ? [] : this.#current.byApp);
    for (const appId of change.remove) byApp.delete(appId);
    for (const route of change.set) byApp.set(route.appId, route);
    const byHost = new Map<string, AppRoute>();
    for (const route of byApp.values()) for (const host of route.hosts) byHost.set(host, route);
    this.#current = { byHost, byApp };
    if (change.whole) {
      this.#complete = true;
      for (const key of [...this.#waiting.keys()]) this.#wake(key);
      return;
    }
    for (const route of change.set) this.#wake(route.appId);
    for (const appId of change.remove) this.#wake(appId);
    this.#wake(anyApp);
  }

  /** Resolves at the next change of this app's route, when `ms` milliseconds have passed, or at the signal. Never rejects. */
  async nextChange(appId: AppId, ms: number, signal: AbortSignal): Promise<void> {
    await this.#wait(appId, ms, signal);
  }

  /** The same for a change of any app. */
  async nextChangeOfAny(ms: number, signal: AbortSignal): Promise<void> {
    await this.#wait(anyApp, ms, signal);
  }

  async #wait(key: AppId | typeof anyApp, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const waiters = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiters);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        waiters.delete(done);
        if (waiters.size === 0 && this.#waiting.get(key) === waiters) this.#waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
      waiters.add(done);
    });
  }

  #wake(key: AppId | typeof anyApp): void {
    for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
  }
}

const anyApp = Symbol('any app');
