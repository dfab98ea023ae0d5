import type { RouterFeed } from '../model/route.ts';
import type { WireMetric } from './request-metrics.ts';

/** The control plane's view of the router process. Disposing only lets go of it: it goes on routing. */
export interface Router extends RouterFeed, AsyncDisposable {
  readonly port: number;
  /** False while the router process is being started again, or can't be reached. */
  readonly isTold: boolean;
  /**
   * All routes have been set: apps that an adopted router still knows, but that were not set since `openRouter`, are
   * gone, and a new router stops letting requests for unknown hosts wait. Call it once, after the first round of `setRoute`.
   */
  commit(): Promise<void>;
  /** What it has counted since it started; empty while it can't be asked. */
  readMetrics(): Promise<readonly WireMetric[]>;
  /** Ends the router process: no new connections at once, up to 5 s for requests under way. */
  stop(): Promise<void>;
}
