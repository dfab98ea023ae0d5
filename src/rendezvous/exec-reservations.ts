import { randomBytes } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import type { AccountId, AppId, AuthorizationId, DynoName } from '../model/ids.ts';

/** Who may come in by SSH, to which dyno, with which key: as long as `reauthorizeExec` lets the authorization. */
export interface ExecReservation {
  readonly appId: AppId;
  readonly dyno: DynoName;
  readonly accountId: AccountId;
  /** Of the token that asked for it. */
  readonly authorizationId: AuthorizationId;
  readonly key: ParsedKey;
}

/** `heroku ps:forward` opens a connection whenever one is made to its local port: for as long as it may run. */
const validMs = 86_400_000;
/** So that nobody takes the place of others. */
const maxPerAccount = 100;

/** The reservations of `heroku ps:exec` and its kin, each under a user name that nobody can guess. */
export class ExecReservations {
  /** In the order of their making, which is that of their ends. */
  readonly #open = new Map<string, { readonly reservation: ExecReservation; readonly until: number }>();
  readonly #now: () => number;

  /** `now`: milliseconds since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** How many are kept. */
  get size(): number {
    return this.#open.size;
  }

  /** The account's own oldest one goes when it has too many. */
  add(reservation: ExecReservation): string {
    const own: string[] = [];
    for (const [user, { reservation: other, until }] of this.#open) {
      if (until <= this.#now()) this.#open.delete(user);
      else if (other.accountId === reservation.accountId) own.push(user);
    }
    const [oldest] = own;
    if (oldest !== undefined && own.length >= maxPerAccount) this.#open.delete(oldest);
    const user = `exec-${randomBytes(16).toString('hex')}`;
    this.#open.set(user, { reservation, until: this.#now() + validMs });
    return user;
  }

  find(user: string): ExecReservation | null {
    const found = this.#open.get(user);
    if (found === undefined) return null;
    if (found.until > this.#now()) return found.reservation;
    this.#open.delete(user);
    return null;
  }
}
