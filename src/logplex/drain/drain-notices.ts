import { OutboundRefusedError } from '../../lib/outbound.ts';
import { nowMicros } from '../../lib/micros.ts';
import type { LogLine } from '../../model/log.ts';
import { formatMicros } from '../format-line.ts';

/** How often the app's log is told of the same thing. */
const everyMs = 60_000;
/** A receiver that is away for a moment is nobody's concern. */
const patienceMs = 60_000;

type Topic = 'dropped' | 'refused' | 'certificate' | 'target' | 'away';

/** Tells an app's log what is wrong with one of its drains: at once, then once a minute at most. */
export class DrainNotices {
  readonly #token: string;
  readonly #host: string;
  readonly #append: (line: LogLine) => void;
  readonly #told = new Map<Topic, number>();
  #dropped: { count: number; readonly since: number } | null = null;
  #refused: { count: number; readonly since: number } | null = null;
  #awaySince: number | null = null;

  /** `host`: of the receiver; the URL itself may hold a password. */
  constructor(drain: { readonly token: string; readonly host: string }, append: (line: LogLine) => void) {
    this.#token = drain.token;
    this.#host = drain.host;
    this.#append = append;
  }

  /** Lines that were gone before they could be sent. `since`: milliseconds since 1970. */
  dropped(count: number, since: number): void {
    this.#dropped = { count: (this.#dropped?.count ?? 0) + count, since: this.#dropped?.since ?? since };
    const all = this.#dropped;
    const said = this.#say(
      'dropped',
      `Error L10 (Drain buffer overflow) -> Log drain ${this.#token} dropped ${all.count} messages since ${time(all.since)}.`,
    );
    if (said) this.#dropped = null;
  }

  refused(count: number, status: number): void {
    this.#refused = { count: (this.#refused?.count ?? 0) + count, since: this.#refused?.since ?? Date.now() };
    const said = this.#say(
      'refused',
      `Log drain ${this.#token} was answered ${status} by ${this.#host}; ${this.#refused.count} messages dropped since ${time(this.#refused.since)}. Check its URL with heroku drains.`,
    );
    if (said) this.#refused = null;
  }

  delivered(): void {
    this.#awaySince = null;
  }

  failed(error: unknown): void {
    this.#awaySince ??= Date.now();
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (error instanceof OutboundRefusedError) {
      this.#say('target', `Log drain ${this.#token} is not called: ${error.message}`);
    } else if (isCertificateError(code)) {
      this.#say(
        'certificate',
        `Error L14 (certificate validation): error="${code}" uri="${this.#host}" drain="${this.#token}"`,
      );
    } else if (Date.now() - this.#awaySince > patienceMs) {
      const why = code === '' && error instanceof Error && error.name === 'ReceiverError' ? error.message : code;
      this.#say(
        'away',
        `Log drain ${this.#token} could deliver nothing since ${time(this.#awaySince)} (${why || 'no connection'}). Lines are sent later, as far as the log still has them.`,
      );
    }
  }

  #say(topic: Topic, message: string): boolean {
    const now = Date.now();
    if (now - (this.#told.get(topic) ?? -Infinity) < everyMs) return false;
    this.#told.set(topic, now);
    this.#append({ atMicros: nowMicros(), source: 'heroku', process: 'logplex', message });
    return true;
  }
}

function time(ms: number): string {
  return formatMicros(BigInt(ms) * 1000n);
}

function isCertificateError(code: string): boolean {
  return /^(CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/.test(code);
}
