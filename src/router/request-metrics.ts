import { Counter, Histogram, Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import type { AppName } from '../model/ids.ts';

/** Of one metric, as it crosses the line to the control plane. */
export type WireMetric = MetricObjectWithValues<MetricValue<string>>;

export interface CountedRequest {
  /** As the client was answered, or would have been. */
  readonly status: number;
  /** `H12`; null: a dyno answered. */
  readonly errorCode: string | null;
  /** From the request's first byte to the answer's last. */
  readonly ms: number;
}

/** Seconds. Heroku's router gives an app 30. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const statuses = ['1xx', '2xx', '3xx', '4xx', '5xx'];

/**
 * What the router has answered for each app since it started. It is counted here, and not where it is shown, so that a
 * restart of the control plane loses nothing. There is one series per app and status class or error: never one per path.
 */
export class RequestMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'hokku_http_requests_total',
    help: 'Requests to apps, by the status that clients were answered.',
    labelNames: ['app', 'status'],
    registers: [this.#registry],
  });
  readonly #errors = new Counter({
    name: 'hokku_router_errors_total',
    help: 'Requests to apps that the router answered itself, or that were cut short, by H-code.',
    labelNames: ['app', 'code'],
    registers: [this.#registry],
  });
  readonly #durations = new Histogram({
    name: 'hokku_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['app'],
    buckets,
    registers: [this.#registry],
  });
  readonly #errorCodes = new Map<AppName, Set<string>>();

  count(app: AppName, { status, errorCode, ms }: CountedRequest): void {
    const codes = this.#errorCodes.get(app) ?? new Set();
    this.#errorCodes.set(app, codes);
    this.#requests.inc({ app, status: `${Math.min(5, Math.max(1, Math.floor(status / 100)))}xx` });
    this.#durations.observe({ app }, Math.max(0, ms) / 1000);
    if (errorCode === null) return;
    codes.add(errorCode);
    this.#errors.inc({ app, code: errorCode });
  }

  /** Forgets the apps that are not among these any more: destroyed, or renamed. */
  keep(apps: ReadonlySet<AppName>): void {
    for (const [app, codes] of this.#errorCodes) {
      if (apps.has(app)) continue;
      this.#errorCodes.delete(app);
      for (const status of statuses) this.#requests.remove({ app, status });
      for (const code of codes) this.#errors.remove({ app, code });
      this.#durations.remove({ app });
    }
  }

  async read(): Promise<readonly WireMetric[]> {
    return await this.#registry.getMetricsAsJSON();
  }
}
