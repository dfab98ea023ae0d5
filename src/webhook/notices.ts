import type { Outbound } from '../lib/outbound.ts';
import type { Logger } from '../log.ts';
import type { Notice, ToldNotice } from '../model/notice.ts';
import type { Store } from '../store/index.ts';
import { defaultPatience, hourMs, nextAttempt, type Patience } from './patience.ts';
import { signedPost } from './signed-post.ts';

export interface NoticeLimits extends Patience {
  /** A cause that lasts is told again after so long. */
  readonly periodMs: number;
}

const defaultLimits: NoticeLimits = { ...defaultPatience, periodMs: 24 * hourMs };
const keepMs = 7 * 24 * hourMs;

export interface NoticeParts {
  readonly store: Store;
  readonly outbound: Outbound;
  readonly log: Logger;
  /** HOKKU_NOTIFY_URL and what it is signed with; null: notices are in the log alone. */
  readonly receiver: { readonly url: string; readonly secret: string } | null;
  readonly limits?: Partial<NoticeLimits>;
}

/**
 * Tells the operator, once per cause and period: a line in the platform's log, and a signed request to HOKKU_NOTIFY_URL,
 * repeated until it is taken. Rows are all its state, so that a restart repeats nothing and forgets nothing.
 */
export class Notices implements AsyncDisposable {
  readonly #parts: NoticeParts;
  readonly #limits: NoticeLimits;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;

  constructor(parts: NoticeParts) {
    this.#parts = parts;
    this.#limits = { ...defaultLimits, ...parts.limits };
  }

  /** Goes on with what an earlier process could not send. */
  async start(): Promise<void> {
    await this.#parts.store.notices.purge(new Date(Date.now() - keepMs));
    this.#send();
  }

  /** True if it was told now; false if it had been told not long ago. */
  async tell(notice: Notice): Promise<boolean> {
    const { store, log, receiver } = this.#parts;
    const since = new Date(Date.now() - this.#limits.periodMs);
    const told = await store.notices.tell(notice, { since, isToBeSent: receiver !== null });
    if (told === null) return false;
    log.warn({ cause: notice.cause, app: notice.appName, message: notice.message }, 'the operator should know');
    this.#send();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#sending;
  }

  // Private

  #send(): void {
    if (this.#parts.receiver === null || this.#closing.signal.aborted) return;
    this.#sending ??= this.#sendDue()
      .catch((error: unknown) => {
        if (this.#closing.signal.aborted) return;
        this.#parts.log.error({ err: error }, 'notices could not be sent');
        this.#sendIn(this.#limits.maxRetryMs);
      })
      .finally(() => {
        this.#sending = null;
      });
  }

  async #sendDue(): Promise<void> {
    const { store } = this.#parts;
    for (;;) {
      const next = await store.notices.nextToSend();
      if (next?.nextAttemptAt == null || this.#closing.signal.aborted) return;
      const waitMs = next.nextAttemptAt.getTime() - Date.now();
      if (waitMs > 0) {
        this.#sendIn(waitMs);
        return;
      }
      await store.notices.save(next.id, await this.#attempt(next));
    }
  }

  async #attempt(notice: ToldNotice): Promise<Pick<ToldNotice, 'attempts' | 'nextAttemptAt'>> {
    const { receiver, outbound, log } = this.#parts;
    if (receiver === null) return { attempts: notice.attempts, nextAttemptAt: null };
    const { id, cause, message, appName, toldAt } = notice;
    const payload = { id, cause, message, app: appName === null ? null : { name: appName }, created_at: toldAt };
    // The operator's own target.
    const target = { ...receiver, authorization: null, mayReachLoopback: true };
    const { code, errorClass } = await signedPost(target, payload, outbound, this.#closing.signal);
    const attempts = notice.attempts + 1;
    if (errorClass === null) return { attempts, nextAttemptAt: null };
    const nextAttemptAt = nextAttempt(this.#limits, attempts, toldAt);
    const isOver = nextAttemptAt === null;
    if (attempts === 1 || isOver)
      log.warn({ cause, code, errorClass, isOver }, 'HOKKU_NOTIFY_URL did not take a notice');
    return { attempts, nextAttemptAt };
  }

  #sendIn(ms: number): void {
    if (this.#closing.signal.aborted) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#send();
      },
      Math.min(ms, hourMs),
    );
  }
}
