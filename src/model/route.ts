import type { AppId, AppName, DynoId, DynoName } from './ids.ts';

/** One web dyno that can take requests. */
export interface RouteTarget {
  readonly dynoId: DynoId;
  readonly name: DynoName;
  readonly host: string;
  readonly port: number;
  readonly releaseVersion: number;
}

/**
 * Why an app has no target, or that it has some. `blank`: nothing deployed (H81). `none`: no web dynos (H14).
 * `starting`: requests wait (H20 after 75 s). `crashed`: H10.
 */
export type WebState = 'blank' | 'none' | 'starting' | 'crashed' | 'up';

/** What TLS clients are shown that ask for one of these hosts. */
export interface RouteCertificate {
  /** Some of the app's hosts, wildcards as they are. */
  readonly hosts: readonly string[];
  /** PEM, with its chain. */
  readonly cert: string;
  /** PEM. Never on a disk, in a log or in a list of processes. */
  readonly key: string;
}

/** How the router proves to a certificate authority that a host is ours. Source: RFC 8555, 8.3 */
export interface RouteChallenge {
  /** One of the app's hosts, no wildcard. */
  readonly host: string;
  /** The last part of the path that is asked for. */
  readonly token: string;
  readonly answer: string;
}

/** URLs of what visitors see in place of the router's own pages; null: those. Absolute, or without the scheme (`//...`). */
export interface ErrorPages {
  readonly error: string | null;
  readonly maintenance: string | null;
}

/** All that the router knows of one app. Replaced whole, never patched. */
export interface AppRoute {
  readonly appId: AppId;
  readonly appName: AppName;
  /** Lower-case host names without port: `myapp.localhost`, custom domains, `*.example.com`. */
  readonly hosts: readonly string[];
  /** For hosts that have one of their own. */
  readonly certificates: readonly RouteCertificate[];
  /** Under way just now. */
  readonly challenges: readonly RouteChallenge[];
  readonly maintenance: boolean;
  readonly pages: ErrorPages;
  readonly web: WebState;
  /** Empty unless `web` is `up`. */
  readonly targets: readonly RouteTarget[];
}

/** What the control plane tells the router. Every promise resolves when the router has acknowledged that it routes so. */
export interface RouterFeed {
  setRoute(route: AppRoute): Promise<void>;
  removeRoute(appId: AppId): Promise<void>;
  /** Resolves when no request is under way to this dyno any more (upgraded connections excepted), or when `deadlineMs` have passed. */
  drained(dynoId: DynoId, deadlineMs: number): Promise<void>;
}
