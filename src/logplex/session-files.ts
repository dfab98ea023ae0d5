import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import type { AppId } from '../model/ids.ts';
import type { SessionOptions } from './log-session.ts';

/** Where a logplex keeps its sessions, next to the apps' folders: no app id begins with a dot. */
export const sessionsFolder = '.sessions';

/** What is stored of a session. */
export interface StoredSession {
  /** Of its token: the token itself is the key to the log, and is stored nowhere. */
  readonly hash: string;
  readonly appId: AppId;
  readonly options: SessionOptions;
}

export function hashSessionToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * The tail sessions as files, so that `heroku logs --tail` goes on after a restart of the platform. Changes are made one
 * after the other in the background; one that fails costs nothing but that.
 */
export class SessionFiles {
  readonly #dir: string;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.#dir = dir;
  }

  async load(): Promise<readonly StoredSession[]> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const sessions: StoredSession[] = [];
    for (const name of await readdir(this.#dir)) {
      const path = join(this.#dir, name);
      try {
        const session = JSON.parse(await readFile(path, 'utf8')) as StoredSession;
        if (session.hash !== name) throw new Error('not a session');
        sessions.push(session);
      } catch {
        await rm(path, { recursive: true, force: true });
      }
    }
    return sessions;
  }

  keep({ hash, appId, options }: StoredSession): void {
    this.#change(() => writeFileAtomic(join(this.#dir, hash), JSON.stringify({ hash, appId, options }), 0o600));
  }

  forget({ hash }: StoredSession): void {
    this.#change(() => rm(join(this.#dir, hash), { force: true }));
  }

  async flush(): Promise<void> {
    await this.#changes;
  }

  #change(make: () => Promise<void>): void {
    this.#changes = this.#changes.then(make).catch(() => undefined);
  }
}
