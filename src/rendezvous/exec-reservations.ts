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
const maxReservations = 1_000;

/** The reservations of `heroku ps:exec` and its kin, each under a user name that nobody can guess. */
export class ExecReservations {
  readonly #open = new Map<string, { readonly reservation: ExecReservation; readonly until: number }>();

  /** The oldest one goes when there are too many. */
  add(reservation: ExecReservation): string {
    const user = `exec-${randomBytes(16).toString('hex')}`;
    this.#open.set(user, { reservation, until: Date.now() + validMs });
    const [oldest] = this.#open.keys();
    if (this.#open.size > maxReservations && oldest !== undefined) this.#open.delete(oldest);
    return user;
  }

  find(user: string): ExecReservation | null {
    const found = this.#open.get(user);
    if (found === undefined) return null;
    if (found.until > Date.now()) return found.reservation;
    this.#open.delete(user);
    return null;
  }
}
