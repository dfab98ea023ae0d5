import type { ConnectionLimits } from './connections.ts';

/** Every wait and every size of the router. Times in milliseconds. Source: https://devcenter.heroku.com/articles/limits#router and vegur. */
export interface RouterLimits extends ConnectionLimits {
  /** To open a connection to a dyno (H19). */
  readonly connectMs: number;
  /** From the request being sent to the first byte of the answer (H12). */
  readonly firstByteMs: number;
  /** Without a byte in either direction (H15, H28). */
  readonly idleMs: number;
  /** How long a request waits for a dyno that is starting (H20) or quarantined (H34). */
  readonly bootWaitMs: number;
  /** A dyno that could not be reached gets no request for at most this long. */
  readonly quarantineMs: number;
  /** Dynos tried for one request. */
  readonly maxAttempts: number;
  /** Requests of one app that wait for a dyno, per dyno (H11). */
  readonly backlogPerDyno: number;
  /** Requests under way to one dyno; more of them wait. Heroku has 50 for each of its many routers; this is the only one. */
  readonly activePerDyno: number;
  /** For a client to send a request's headers. */
  readonly headersMs: number;
  /** For a client between two requests, and before the first byte of the first. */
  readonly keepAliveMs: number;
  /** For the control plane to come back before its clients are told so. */
  readonly platformWaitMs: number;
  /** For a client of the platform to take or give the next byte. */
  readonly platformStallMs: number;
  /** For requests under way when the router is told to end. */
  readonly stopMs: number;
}

export const defaultLimits: RouterLimits = {
  connectMs: 5_000,
  firstByteMs: 30_000,
  idleMs: 55_000,
  bootWaitMs: 75_000,
  quarantineMs: 5_000,
  maxAttempts: 10,
  backlogPerDyno: 50,
  activePerDyno: 500,
  headersMs: 30_000,
  keepAliveMs: 60_000,
  platformWaitMs: 10_000,
  platformStallMs: 300_000,
  stopMs: 5_000,
  connectionsPerAddress: 8_192,
  waitingPerAddress: 512,
  waitingInAll: 4_096,
  waitingMs: 5_000,
};

/** Sizes in bytes, and counts. Source: https://devcenter.heroku.com/articles/limits#http-limits and vegur. */
export const sizes = {
  requestLine: 8_192,
  requestHeaderName: 1_000,
  requestHeaderValue: 8_192,
  requestHeaderCount: 1_000,
  /** All headers of one request together; Heroku states none, but they are held in memory. */
  requestHead: 256 * 1024,
  responseStatusLine: 8_192,
  responseHeaderLine: 524_288,
  responseCookie: 8_192,
  responseHead: 1_048_576,
  connections: 16_384,
  /** Requests that a client may send on one connection before the first of them is answered. */
  pipelined: 100,
} as const;
