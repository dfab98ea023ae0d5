import { randomBytes } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import type { AppId } from '../model/ids.ts';
import type { SessionOptions } from './log-session.ts';

export interface SessionLimits {
  /** How long a session waits for its client, at first and after each disconnection. */
  readonly sessionIdleMs: number;
  readonly maxSessions: number;
  readonly maxSessionsPerApp: number;
}

export interface Session {
  readonly token: string;
  readonly appId: AppId;
  readonly options: SessionOptions;
  /** Null while a client reads. */
  expiresAt: number | null;
  /** Ends the present reading. */
  reading: AbortController | null;
}

/** Who holds a session's token may read the app's log: it is 256 random bits, and it expires. */
export class SessionRegistry {
  readonly #limits: SessionLimits;
  /** In order of their last use. */
  readonly #sessions = new Map<string, Session>();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /** Throws `rate_limit` when as many clients as allowed are reading; sessions that nobody reads make room. */
  create(appId: AppId, options: SessionOptions): Session {
    this.#expire();
    const ofApp = [...this.#sessions.values()].filter((session) => session.appId === appId);
    if (ofApp.length >= this.#limits.maxSessionsPerApp) this.#makeRoom(ofApp);
    if (this.#sessions.size >= this.#limits.maxSessions) this.#makeRoom([...this.#sessions.values()]);
    const token = randomBytes(32).toString('base64url');
    const session = { token, appId, options, expiresAt: this.#expiry(), reading: null };
    this.#sessions.set(token, session);
    return session;
  }

  /** Begins a reading; an earlier one with the same token ends, for its client has come back before we saw it go. */
  open(token: string): { session: Session; reading: AbortController } | null {
    this.#expire();
    const session = this.#sessions.get(token);
    if (session === undefined) return null;
    session.reading?.abort();
    const reading = new AbortController();
    session.reading = reading;
    session.expiresAt = null;
    this.#sessions.delete(token);
    this.#sessions.set(token, session);
    return { session, reading };
  }

  /** The reading has ended; its client may come back for a while. */
  close(session: Session, reading: AbortController): void {
    if (session.reading !== reading) return;
    session.reading = null;
    session.expiresAt = this.#expiry();
  }

  /** Ends the sessions of one app, or all. */
  end(appId?: AppId): void {
    for (const session of this.#sessions.values()) {
      if (appId !== undefined && session.appId !== appId) continue;
      this.#sessions.delete(session.token);
      session.reading?.abort();
    }
  }

  #makeRoom(among: readonly Session[]): void {
    const idle = among.find((session) => session.reading === null);
    if (idle === undefined) {
      throw new PlatformError(
        'rate_limit',
        `All ${among.length} log sessions are being read. End a 'heroku logs --tail' that is no longer needed, then try again.`,
      );
    }
    this.#sessions.delete(idle.token);
  }

  #expire(): void {
    const now = Date.now();
    for (const session of this.#sessions.values()) {
      if (session.expiresAt !== null && session.expiresAt <= now) this.#sessions.delete(session.token);
    }
  }

  #expiry(): number {
    return Date.now() + this.#limits.sessionIdleMs;
  }
}
