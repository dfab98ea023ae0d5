import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../log.ts';
import type { Outbound } from '../lib/outbound.ts';
import type { AppId, LogDrainId } from '../model/ids.ts';
import { buildLogOf, type AppLogWriter, type LogFilter, type LogLine } from '../model/log.ts';
import { AppLog } from './app-log.ts';
import type { DrainLimits } from './drain/drain.ts';
import { DrainPositions, drainsFolder } from './drain/drain-positions.ts';
import { Drains, type DrainSpec } from './drain/drains.ts';
import { readLines, type LogSession } from './log-session.ts';
import { SessionFiles, sessionsFolder } from './session-files.ts';
import { SessionRegistry, type SessionLimits } from './session-registry.ts';
import type { SegmentLimits } from './segment-folder.ts';

/** What a session shows at most of the past. Source: https://devcenter.heroku.com/articles/logging#log-history-limits */
const maxBacklogLines = 1500;

export interface LogplexLimits extends SegmentLimits, SessionLimits, DrainLimits {
  /** Live lines that wait for one slow tail reader. */
  readonly tailBufferBytes: number;
}

const defaultLimits: LogplexLimits = {
  maxSegments: 8,
  maxSegmentBytes: 1024 * 1024,
  sessionIdleMs: 5 * 60_000,
  maxSessions: 1000,
  maxSessionsPerApp: 50,
  tailBufferBytes: 1024 * 1024,
  drainBufferBytes: 256 * 1024,
  drainLingerMs: 50,
  drainRetryMs: 100,
  maxDrainRetryMs: 30_000,
};

/** Takes the lines of every app, keeps the newest on disk, and serves them to log sessions. */
export interface Logplex extends AppLogWriter, AsyncDisposable {
  /** Position of the last line that this reader brought into the log; null when none is known. */
  cursorOf(appId: AppId, reader: string): number | null;
  /** `lines` of the past, 0 to 1,500, counted after filtering. The token opens within 5 minutes. Throws `rate_limit`. */
  createSession(appId: AppId, options: { lines: number; tail: boolean; filter: LogFilter }): { token: string };
  /** Null: unknown or expired. `afterId` is the id of the last line that the client has. A tail session outlives the process. */
  openSession(token: string, afterId: string | null): LogSession | null;
  /** A new drain gets what is appended from now on; one that was open before a restart goes on where it was. */
  openDrain(drain: DrainSpec): void;
  /** Ends a drain for good. */
  removeDrain(id: LogDrainId): Promise<void>;
  /** Ends the app's sessions and drains and deletes its lines; lines that still come are dropped. */
  remove(appId: AppId): Promise<void>;
  /** Deletes the lines of apps that are not among these, unless they have come since the start. Drains must be open. */
  sweep(apps: ReadonlySet<AppId>): Promise<void>;
}

/** `dir` holds a folder per app. Nothing is read before an app's first line or question. */
export async function openLogplex(options: {
  dir: string;
  log: Logger;
  /** How drains reach their receivers. */
  outbound: Outbound;
  limits?: Partial<LogplexLimits>;
}): Promise<Logplex> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const limits = { ...defaultLimits, ...options.limits };
  const files = new SessionFiles(join(options.dir, sessionsFolder));
  const sessions = new SessionRegistry(limits, files, await files.load());
  const positions = await DrainPositions.open(join(options.dir, drainsFolder), options.log);
  const drains = new Drains(positions, options.outbound, limits, options.log);
  return new FileLogplex({ dir: options.dir, log: options.log, limits, sessions, files, drains });
}

class FileLogplex implements Logplex {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #limits: LogplexLimits;
  readonly #apps = new Map<AppId, AppLog>();
  readonly #sessions: SessionRegistry;
  readonly #sessionFiles: SessionFiles;

  readonly #drains: Drains;

  constructor(parts: {
    dir: string;
    log: Logger;
    limits: LogplexLimits;
    sessions: SessionRegistry;
    files: SessionFiles;
    drains: Drains;
  }) {
    this.#dir = parts.dir;
    this.#log = parts.log;
    this.#limits = parts.limits;
    this.#sessions = parts.sessions;
    this.#sessionFiles = parts.files;
    this.#drains = parts.drains;
  }

  append(appId: AppId, lines: readonly LogLine[]): void {
    this.#appLog(appId).append(lines);
  }

  async flush(only?: AppId): Promise<void> {
    if (only === undefined) await Promise.all([...this.#apps.values()].map((app) => app.flush()));
    else await this.#apps.get(only)?.flush();
  }

  cursorOf(appId: AppId, reader: string): number | null {
    return this.#appLog(appId).cursorOf(reader);
  }

  createSession(appId: AppId, options: { lines: number; tail: boolean; filter: LogFilter }): { token: string } {
    const lines = Math.min(maxBacklogLines, Math.max(0, options.lines));
    return this.#sessions.create(appId, { ...options, lines });
  }

  openSession(token: string, afterId: string | null): LogSession | null {
    const opened = this.#sessions.open(token);
    if (opened === null) return null;
    const { session, reading } = opened;
    const after = afterId !== null && /^\d{1,15}$/.test(afterId) ? Number(afterId) : null;
    const log = this.#appLog(session.appId);
    const reader = { ...session.options, after, maxBufferBytes: this.#limits.tailBufferBytes };
    const close = () => {
      this.#sessions.rest(session, reading);
    };
    return {
      tail: session.options.tail,
      async *lines(signal) {
        try {
          yield* readLines(log, reader, AbortSignal.any([signal, reading.signal]));
        } finally {
          close();
        }
      },
    };
  }

  openDrain(drain: DrainSpec): void {
    this.#drains.open(drain, this.#appLog(drain.appId), (line) => {
      this.append(drain.appId, [line]);
    });
  }

  async removeDrain(id: LogDrainId): Promise<void> {
    await this.#drains.remove(id);
  }

  async remove(appId: AppId): Promise<void> {
    await this.#drains.removeOf(appId);
    this.#sessions.end((of) => of === appId);
    // The removed log stays in the map, so that a straggler's line doesn't make the folder again.
    await this.#appLog(appId).remove();
  }

  async sweep(apps: ReadonlySet<AppId>): Promise<void> {
    const keep = new Set<string>([
      sessionsFolder,
      drainsFolder,
      ...[...apps].flatMap((appId) => [appId, buildLogOf(appId)]),
    ]);
    this.#sessions.end((of) => !keep.has(of) && !this.#apps.has(of));
    await this.#drains.sweep();
    for (const name of (await readdir(this.#dir)) as AppId[]) {
      if (!keep.has(name) && !this.#apps.has(name)) await rm(join(this.#dir, name), { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sessions.close();
    await this.#drains.close();
    await this.flush();
    await this.#sessionFiles.flush();
  }

  #appLog(appId: AppId): AppLog {
    const known = this.#apps.get(appId);
    if (known !== undefined) return known;
    if (!/^[\w-][\w.-]{0,63}$/.test(appId)) throw new Error(`Internal: ${JSON.stringify(appId)} is not an app id`);
    const opened = new AppLog(join(this.#dir, appId), this.#limits, this.#log.child({ app: appId }));
    this.#apps.set(appId, opened);
    return opened;
  }
}
