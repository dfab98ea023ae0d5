import { PlatformError } from '../errors/platform-error.ts';

const windowMs = 15 * 60_000;
const maxGuesses = 10;
/** E-mails that are remembered; the oldest is forgotten first. */
const maxEmails = 10_000;

/**
 * Slows down the guessing of passwords: ten wrong ones for an e-mail, and it has a pause of 15 minutes, whether there is
 * such an account or not. Addresses of clients are not counted, because behind a proxy they can be made up; logins with a
 * token are not concerned, so that nobody can be locked out.
 */
export class GuessLimit {
  readonly #failures = new Map<string, { readonly count: number; readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Counts a guess as a wrong one until `succeeded` is called. Throws `rate_limit`. */
  begin(email: string): void {
    const key = keyOf(email);
    const known = this.#failures.get(key);
    const failed = known === undefined || known.until <= this.#now() ? 0 : known.count;
    if (known !== undefined && failed >= maxGuesses) {
      const minutes = Math.ceil((known.until - this.#now()) / 60_000);
      throw new PlatformError(
        'rate_limit',
        `Too many wrong passwords for this e-mail. Try again in ${minutes} minutes, or use a token (HEROKU_API_KEY).`,
      );
    }
    this.#failures.delete(key);
    this.#failures.set(key, { count: failed + 1, until: this.#now() + windowMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxEmails && oldest !== undefined) this.#failures.delete(oldest);
  }

  succeeded(email: string): void {
    this.#failures.delete(keyOf(email));
  }
}

function keyOf(email: string): string {
  return email.slice(0, 254).toLowerCase();
}
