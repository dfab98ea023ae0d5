import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after `ms`, or at once when the signal fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(Math.max(0, ms), undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * The promise's outcome, or undefined as soon as the signal fires. The listener does not outlive the wait, so that a signal
 * that lives as long as the platform (where a `Promise.race` would leave a reaction behind for every wait) stays lean.
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      resolve(undefined);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise
      .then(resolve, (error: unknown) => {
        reject(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        signal.removeEventListener('abort', onAbort);
      });
  });
}
