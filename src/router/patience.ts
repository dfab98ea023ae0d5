import type { Writable } from 'node:stream';
import type { ClientRequest } from './client-request.ts';
import type { RouterFailure } from './h-codes.ts';

/** How long the router waits for either side. */
export interface PatienceRules {
  /** For the first byte of the answer; null: any time. */
  readonly firstByteMs: number | null;
  /** For the next byte of either side. */
  readonly idleMs: number;
  /** Only a client that does not send or take bytes is idle; the backend may be silent for any time. */
  readonly onlyClient: boolean;
}

type Phase = 'sending' | 'awaiting' | 'receiving';

/** The one timer of a request: says who let whom wait for too long. */
export class Patience {
  readonly #rules: PatienceRules;
  readonly #client: ClientRequest;
  readonly #onEnd: (failure: RouterFailure) => void;
  #phase: Phase = 'sending';
  #body: Writable | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(rules: PatienceRules, client: ClientRequest, onEnd: (failure: RouterFailure) => void) {
    this.#rules = rules;
    this.#client = client;
    this.#onEnd = onEnd;
  }

  /** The request's body is on its way to `body`. */
  sending(body: Writable): void {
    this.#body = body;
    this.#enter('sending', this.#rules.idleMs);
  }

  awaitFirstByte(): void {
    this.#enter('awaiting', this.#rules.firstByteMs);
  }

  receiving(): void {
    this.#enter('receiving', this.#rules.idleMs);
  }

  /** A byte moved. The wait for the first byte of an answer is not lengthened by it. */
  progress(): void {
    if (this.#phase !== 'awaiting') this.#timer?.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #enter(phase: Phase, ms: number | null): void {
    clearTimeout(this.#timer);
    this.#phase = phase;
    this.#timer = ms === null ? undefined : setTimeout(this.#expired, ms);
  }

  readonly #expired = (): void => {
    const clientStalls = this.#clientStalls();
    if (this.#rules.onlyClient && !clientStalls) {
      this.#timer?.refresh();
      return;
    }
    if (clientStalls) this.#onEnd({ code: 'H28' });
    else this.#onEnd({ code: this.#phase === 'receiving' ? 'H15' : 'H12' });
  };

  #clientStalls(): boolean {
    const { request, response, upgrade } = this.#client;
    if (this.#phase === 'awaiting') return false;
    if (this.#phase === 'receiving' && response.writableNeedDrain) return true;
    return upgrade === null && !request.complete && this.#body !== null && !this.#body.writableNeedDrain;
  }
}
