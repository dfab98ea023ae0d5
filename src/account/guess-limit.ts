import { createHmac, randomBytes } from 'node:crypto';
import { PlatformError } from '../errors/platform-error.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import { networkOf } from '../lib/network-of.ts';

/** Wrong ones that nobody is stopped for, and from then on each of them brings a pause that is twice as long. */
const allowed = { address: 30, accountFromAddress: 10, account: 100 } as const;
const firstPauseMs = 30_000;
const maxPauseMs = 15 * 60_000;
/** For an account that is guessed at from everywhere, in which no new address gets to guess. */
const accountPauseMs = 10_000;
/** Wrong ones are forgotten after so long without another. */
const forgetMs = 15 * 60_000;
/** Of each kind: addresses, accounts, credentials that were right. */
const maxRemembered = 10_000;

export interface Guess {
  /** Of the client; of IPv6 the first 64 bits count. */
  readonly address: string;
  /** Token, password, code: kept as a keyed hash only. */
  readonly secret: string;
  /** The e-mail that a password is for. Null: the secret alone says whose it is. */
  readonly account: string | null;
}

/** What an operator is told when a client is stopped. */
export interface GuessPause {
  readonly address: string;
  readonly wrong: number;
  readonly pauseMs: number;
}

interface Count {
  readonly wrong: number;
  readonly pausedUntil: number;
  readonly forgetAt: number;
  /** Of tokens: the same wrong one again, as a script with a revoked one sends it, is no further guess. */
  readonly seen: ReadonlySet<string>;
}

/**
 * Slows down the guessing of tokens and passwords, at all doors together: by address; by account and address; and by account
 * from addresses that it has never been entered from. Wrong ones of somebody else lock nobody out: a credential that
 * was right at an address before goes on there, and elsewhere only that address' own guesses count.
 */
export class GuessLimit {
  readonly #now: () => number;
  readonly #onPause: (pause: GuessPause) => void;
  readonly #key = randomBytes(32);
  readonly #addresses = new BoundedMap<string, Count>(maxRemembered);
  readonly #pairs = new BoundedMap<string, Count>(maxRemembered);
  readonly #accounts = new BoundedMap<string, Count>(maxRemembered);
  readonly #right = new BoundedMap<string, true>(maxRemembered);
  /** Pairs of account and address that were entered from. */
  readonly #friends = new BoundedMap<string, true>(maxRemembered);

  constructor(options: { readonly now?: () => number; readonly onPause?: (pause: GuessPause) => void } = {}) {
    this.#now = options.now ?? Date.now;
    this.#onPause = options.onPause ?? (() => undefined);
  }

  /**
   * What `check` finds, which is null for a wrong credential. Throws `rate_limit`, without asking `check`, when there were too
   * many wrong ones. `ownerOf`: the e-mail of the account that was found.
   */
  async attempt<Found>(
    guess: Guess,
    check: () => Promise<Found | null>,
    ownerOf?: (found: Found) => string,
  ): Promise<Found | null> {
    const network = networkOf(guess.address);
    const account = guess.account === null ? null : accountKey(guess.account);
    const credential = this.#hash([network, account ?? '', guess.secret]);
    const isKnown = this.#right.get(credential) !== undefined;
    if (!isKnown) this.#requireNoPause(network, account);
    // A password takes long to check: many at once must not all be let through.
    if (account !== null && !isKnown) this.#countWrong(guess, network, account, credential);
    let found: Found | null;
    try {
      found = await check();
    } catch (error) {
      if (account !== null && !isKnown) this.#takeBack(network, account, 'undecided');
      throw error;
    }
    if (found === null) {
      if (account === null || isKnown) this.#countWrong(guess, network, account, credential);
      this.#right.delete(credential);
      return null;
    }
    if (account !== null && !isKnown) this.#takeBack(network, account, 'right');
    if (!isKnown) this.#right.set(credential, true);
    const owner = account ?? (ownerOf === undefined ? null : accountKey(ownerOf(found)));
    if (owner !== null && !isKnown) this.#friends.set(pairOf(owner, network), true);
    return found;
  }

  // Private

  #requireNoPause(network: string, account: string | null): void {
    const now = this.#now();
    const waits = [this.#addresses.get(network)?.pausedUntil ?? 0];
    let isPassword = false;
    if (account !== null) {
      const pair = pairOf(account, network);
      const ofPair = this.#pairs.get(pair)?.pausedUntil ?? 0;
      const ofAccount = this.#friends.get(pair) === undefined ? (this.#accounts.get(account)?.pausedUntil ?? 0) : 0;
      isPassword = Math.max(ofPair, ofAccount) > now;
      waits.push(ofPair, ofAccount);
    }
    const waitMs = Math.max(...waits) - now;
    if (waitMs <= 0) return;
    const seconds = Math.ceil(waitMs / 1000);
    throw new PlatformError(
      'rate_limit',
      isPassword
        ? `Too many wrong passwords for this e-mail. Try again in ${inWords(seconds)}, or use a token (HEROKU_API_KEY).`
        : `Too many wrong credentials from this address. Try again in ${inWords(seconds)}.`,
      { retryAfterSeconds: seconds },
    );
  }

  #countWrong({ address }: Guess, network: string, account: string | null, credential: string): void {
    const token = account === null ? credential : null;
    const pauseMs = this.#add(this.#addresses, network, allowed.address, token);
    if (pauseMs !== null) {
      this.#onPause({ address, wrong: this.#addresses.get(network)?.wrong ?? 0, pauseMs });
    }
    if (account === null) return;
    const pair = pairOf(account, network);
    const pairPauseMs = this.#add(this.#pairs, pair, allowed.accountFromAddress, null);
    if (pairPauseMs !== null) {
      this.#onPause({ address, wrong: this.#pairs.get(pair)?.wrong ?? 0, pauseMs: pairPauseMs });
    }
    this.#add(this.#accounts, account, allowed.account, null, accountPauseMs);
  }

  /** Returns the pause that begins with it, in milliseconds; null: none. */
  #add(
    counts: BoundedMap<string, Count>,
    key: string,
    free: number,
    token: string | null,
    fixedPauseMs?: number,
  ): number | null {
    const now = this.#now();
    const before = this.#alive(counts, key);
    if (token !== null && before?.seen.has(token) === true) return null;
    const wrong = (before?.wrong ?? 0) + 1;
    const pauseMs =
      wrong < free ? 0 : (fixedPauseMs ?? Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(20, wrong - free)));
    const seen = new Set(before?.seen ?? []);
    if (token !== null && seen.size < free) seen.add(token);
    const pausedUntil = pauseMs === 0 ? 0 : now + pauseMs;
    counts.set(key, { wrong, pausedUntil, forgetAt: now + pauseMs + forgetMs, seen });
    return pauseMs === 0 ? null : pauseMs;
  }

  /** It was counted before it was known to be right. A right one is no pardon for the others that this address guessed at. */
  #takeBack(network: string, account: string, verdict: 'right' | 'undecided'): void {
    const pair = pairOf(account, network);
    if (verdict === 'right') this.#pairs.delete(pair);
    else this.#lessOne(this.#pairs, pair, allowed.accountFromAddress);
    this.#lessOne(this.#addresses, network, allowed.address);
    this.#lessOne(this.#accounts, account, allowed.account);
  }

  #lessOne(counts: BoundedMap<string, Count>, key: string, free: number): void {
    const count = this.#alive(counts, key);
    if (count === null) return;
    const wrong = Math.max(0, count.wrong - 1);
    counts.set(key, { ...count, wrong, pausedUntil: wrong < free ? 0 : count.pausedUntil });
  }

  #alive(counts: BoundedMap<string, Count>, key: string): Count | null {
    const count = counts.get(key);
    return count === undefined || count.forgetAt <= this.#now() ? null : count;
  }

  #hash(parts: readonly string[]): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest('base64');
  }
}

function accountKey(email: string): string {
  return email.slice(0, 254).toLowerCase();
}

function pairOf(account: string, network: string): string {
  return `${network} ${account}`;
}

function inWords(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
