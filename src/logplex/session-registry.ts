import { randomBytes } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import type { AppId } from '../model/ids.ts';
import type { SessionOptions } from './log-session.ts';
import { hashSessionToken, type SessionFiles, type StoredSession } from './session-files.ts';

export interface SessionLimits {
  /** How long a session waits for its client, at first and after each disconnection. */
  readonly sessionIdleMs: number;
  readonly maxSessions: number;
  readonly maxSessionsPerApp: number;
}

export interface Session extends StoredSession {
  /** Null while a client reads. */
  expiresAt: number | null;
  /** Ends the present reading. */
  reading: AbortController | null;
}

/**
 * Who holds a session's token may read the app's log: it is 256 random bits, and it expires. Tail sessions outlive the
 * platform's process; after a restart their clients have as long to come back as after a disconnection.
 */
export class SessionRegistry {
  readonly #limits: SessionLimits;
  readonly #files: SessionFiles;
  /** By the hash of their token, in order of their last use. */
  readonly #sessions = new Map<string, Session>();

  constructor(limits: SessionLimits, files: SessionFiles, stored: readonly StoredSession[]) {
    this.#limits = limits;
    this.#files = files;
    for (const session of stored)
      this.#sessions.set(session.hash, { ...session, expiresAt: this.#expiry(), reading: null });
  }

  /** Throws `rate_limit` when as many clients as allowed are reading; sessions that nobody reads make room. */
  create(appId: AppId, options: SessionOptions): { readonly token: string } {
    this.#expire();
    const ofApp = [...this.#sessions.values()].filter((session) => session.appId === appId);
    if (ofApp.length >= this.#limits.maxSessionsPerApp) this.#makeRoom(ofApp);
    if (this.#sessions.size >= this.#limits.maxSessions) this.#makeRoom([...this.#sessions.values()]);
    const token = randomBytes(32).toString('base64url');
    const session = { hash: hashSessionToken(token), appId, options, expiresAt: this.#expiry(), reading: null };
    this.#sessions.set(session.hash, session);
    if (options.tail) this.#files.keep(session);
    return { token };
  }

  /** Begins a reading; an earlier one with the same token ends, for its client has come back before we saw it go. */
  open(token: string): { session: Session; reading: AbortController } | null {
    this.#expire();
    const session = this.#sessions.get(hashSessionToken(token));
    if (session === undefined) return null;
    session.reading?.abort();
    const reading = new AbortController();
    session.reading = reading;
    session.expiresAt = null;
    this.#sessions.delete(session.hash);
    this.#sessions.set(session.hash, session);
    return { session, reading };
  }

  /** The reading has ended; its client may come back for a while. */
  rest(session: Session, reading: AbortController): void {
    if (session.reading !== reading) return;
    session.reading = null;
    session.expiresAt = this.#expiry();
  }

  /** Ends the sessions of these apps for good. */
  end(isOf: (appId: AppId) => boolean): void {
    for (const session of this.#sessions.values()) {
      if (!isOf(session.appId)) continue;
      this.#remove(session);
      session.reading?.abort();
    }
  }

  /** Ends every reading; tail sessions stay for the next start. */
  close(): void {
    for (const session of this.#sessions.values()) session.reading?.abort();
    this.#sessions.clear();
  }

  #makeRoom(among: readonly Session[]): void {
    const idle = among.find((session) => session.reading === null);
    if (idle === undefined) {
      throw new PlatformError(
        'rate_limit',
        `All ${among.length} log sessions are being read. End a 'heroku logs --tail' that is no longer needed, then try again.`,
      );
    }
    this.#remove(idle);
  }

  #remove(session: Session): void {
    this.#sessions.delete(session.hash);
    if (session.options.tail) this.#files.forget(session);
  }

  #expire(): void {
    const now = Date.now();
    for (const session of this.#sessions.values()) {
      if (session.expiresAt !== null && session.expiresAt <= now) this.#remove(session);
    }
  }

  #expiry(): number {
    return Date.now() + this.#limits.sessionIdleMs;
  }
}
