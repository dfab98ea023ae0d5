import { setTimeout as delay } from 'node:timers/promises';

/** Runs `work` again while it fails for a passing reason, with growing pauses; after `deadlineMs` its last error stands. */
export async function retryWhileBusy<T>(
  work: () => Promise<T>,
  isBusy: (error: unknown) => boolean,
  deadlineMs: number,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 250)) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    // Spread, so that two processes that collided don't do so again.
    await delay(pauseMs * (0.5 + Math.random()));
  }
}
