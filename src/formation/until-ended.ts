import { orAborted, pause } from './waiting.ts';

/**
 * Waits for `ended`, for at most `graceMs`. When `hurry` resolves in the meantime its grace counts from then on.
 * Gives back the grace that decided.
 */
export async function untilEnded(
  ended: Promise<void>,
  graceMs: number,
  hurry: Promise<number>,
  lifetime: AbortSignal,
): Promise<number> {
  const over = new AbortController();
  let decidingMs = graceMs;
  const sooner = hurry.then(async (ms) => {
    decidingMs = Math.min(graceMs, ms);
    await pause(decidingMs, over.signal);
  });
  await orAborted(Promise.race([ended, pause(graceMs, over.signal), sooner]), lifetime);
  over.abort();
  return decidingMs;
}
