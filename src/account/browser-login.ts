import { randomBytes, timingSafeEqual } from 'node:crypto';
import { deferred } from '../lib/deferred.ts';
import type { AccountId } from '../model/ids.ts';
import { hashToken } from './token.ts';

export type LoginAnswer = { readonly is: 'approved'; readonly accountId: AccountId } | { readonly is: 'refused' };

/** A person mistypes; a program that guesses gives up sooner. */
const maxTries = 20;

/** One `heroku login` that waits for a person in a browser. */
export class BrowserLogin {
  /** Part of the page's address: 128 random bits. */
  readonly id = randomBytes(16).toString('hex');
  /** What the page's form brings back, together with a cookie of the same value. */
  readonly formSecret = randomBytes(16).toString('hex');
  /** What the client says it is. */
  readonly description: string;
  /** Where it called from. */
  readonly address: string;
  readonly expiresAt: number;
  readonly #tokenHash: string;
  readonly #answer = deferred<LoginAnswer>();
  #tries = 0;
  #waiter = new AbortController();
  #state: 'waiting' | 'answered' | 'taken' = 'waiting';

  /** `token`: proves that a client is the one that began the login. */
  constructor(request: { description: string; address: string; token: string; expiresAt: number }) {
    this.description = request.description;
    this.address = request.address;
    this.expiresAt = request.expiresAt;
    this.#tokenHash = hashToken(request.token);
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** Until it is `taken`, however it was answered. */
  get isOpen(): boolean {
    return this.#state !== 'taken';
  }

  get answer(): Promise<LoginAnswer> {
    return this.#answer.promise;
  }

  isBegunWith(token: string): boolean {
    return timingSafeEqual(Buffer.from(hashToken(token)), Buffer.from(this.#tokenHash));
  }

  isFormOf(secret: string): boolean {
    return timingSafeEqual(Buffer.from(hashToken(secret)), Buffer.from(hashToken(this.formSecret)));
  }

  /** For a client that waits for the answer; aborted when it comes again, as one login is not to hold many connections. */
  wait(): AbortSignal {
    this.#waiter.abort();
    this.#waiter = new AbortController();
    return this.#waiter.signal;
  }

  /** False: too often. */
  try(): boolean {
    this.#tries += 1;
    return this.#tries <= maxTries;
  }

  /** The first answer counts; false for a later one. */
  settle(answer: LoginAnswer): boolean {
    if (this.#state !== 'waiting') return false;
    this.#state = 'answered';
    this.#answer.resolve(answer);
    return true;
  }

  /** True for the one client that may hand the answer on. */
  take(): boolean {
    if (this.#state !== 'answered') return false;
    this.#state = 'taken';
    return true;
  }
}
