import { PlatformError } from '../errors/platform-error.ts';
import { BrowserLogin } from './browser-login.ts';
import { newToken } from './token.ts';

/** As long as the official CLI waits. */
const lifeMs = 10 * 60_000;
const maxPerAddress = 100;
const maxInAll = 2_000;

/**
 * The logins by browser that are under way. They are kept in memory alone: a restart of the platform ends them, and the
 * client says so.
 */
export class BrowserLogins {
  readonly #logins = new Map<string, BrowserLogin>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Throws `rate_limit` when too many wait already, from this address or in all. */
  begin(description: string, address: string): { readonly login: BrowserLogin; readonly token: string } {
    this.#forgetEnded();
    const waiting = [...this.#logins.values()];
    const fromThere = waiting.filter((login) => login.address === address).length;
    if (fromThere >= maxPerAddress || waiting.length >= maxInAll) {
      throw new PlatformError(
        'rate_limit',
        `Too many logins by browser are waiting (${fromThere} from ${address}). Try again in 10 minutes, or use heroku login -i.`,
      );
    }
    const token = newToken();
    const login = new BrowserLogin({ description, address, token, expiresAt: this.#now() + lifeMs });
    this.#logins.set(login.id, login);
    return { login, token };
  }

  /** Null: unknown, expired, or handed over already. */
  find(id: string): BrowserLogin | null {
    this.#forgetEnded();
    return this.#logins.get(id) ?? null;
  }

  /** In milliseconds. */
  timeLeft(login: BrowserLogin): number {
    return Math.max(0, login.expiresAt - this.#now());
  }

  #forgetEnded(): void {
    for (const [id, login] of this.#logins) {
      if (!login.isOpen || login.expiresAt <= this.#now()) this.#logins.delete(id);
    }
  }
}
