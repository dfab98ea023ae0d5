/** How long something is sent again to who does not take it. */
export interface Patience {
  /** Pause after the first failure; doubles with each further one. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** From its beginning on. */
  readonly giveUpMs: number;
}

export const hourMs = 3_600_000;

export const defaultPatience: Patience = { retryMs: 5_000, maxRetryMs: hourMs, giveUpMs: 72 * hourMs };

/** When to try again what began at `since` and has failed `attempts` times, a little earlier or later so that not all come at once; null: not any more. */
export function nextAttempt(patience: Patience, attempts: number, since: Date): Date | null {
  const { retryMs, maxRetryMs, giveUpMs } = patience;
  const pauseMs = Math.min(maxRetryMs, retryMs * 2 ** Math.min(20, Math.max(0, attempts - 1)));
  const at = Date.now() + pauseMs * (0.75 + Math.random() / 4);
  return at - since.getTime() > giveUpMs ? null : new Date(at);
}
