import type { AppId } from './ids.ts';

/** `app`: written by the app, or an API event. `heroku`: written by the router or the dyno manager. Source: https://devcenter.heroku.com/articles/logging */
export type LogSource = 'app' | 'heroku';

/** The log that keeps the output of an app's builds, apart from the app's own lines so that a build never pushes them out. */
export function buildLogOf(appId: AppId): AppId {
  return `${appId}.build` as AppId;
}

/** Where a line was read from, so that a restarted reader knows what is already in the log. */
export interface LogCursor {
  /** A dyno id, or the router's run id. */
  readonly reader: string;
  /** Grows with every line of that reader. */
  readonly position: number;
}

/** One line of an app's log, before it is formatted: `<timestamp> <source>[<process>]: <message>`. */
export interface LogLine {
  /** Microseconds since 1970, UTC. */
  readonly atMicros: bigint;
  readonly source: LogSource;
  /** `web.1`, `router`, `api`, `release.4711`. */
  readonly process: string;
  /** Without a line end; any bytes but LF. Longer ones than 10,000 bytes are split by the log. */
  readonly message: string | Uint8Array;
  readonly cursor?: LogCursor;
}

export interface LogFilter {
  readonly source?: LogSource;
  /** `web.1`, or `web` for every dyno of that type. */
  readonly process?: string;
}

export interface AppLogWriter {
  append(appId: AppId, lines: readonly LogLine[]): void;
  /** Resolves when every line appended so far, or those of one app, are written to their files (not synced). */
  flush(only?: AppId): Promise<void>;
}
