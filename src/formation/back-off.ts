import type { CrashPolicy } from './limits.ts';

export interface BackOff {
  /** Crashes in a row, this one included, that count; 0 after a dyno that ran for long. */
  readonly crashes: number;
  readonly delayMs: number;
}

/**
 * What a crash after `uptimeMs` leads to, when `before` crashes in a row went ahead: a restart at once after the first,
 * then 10, 20, 40 ... minutes, at most 24 hours.
 */
export function backOff(before: number, uptimeMs: number, policy: CrashPolicy): BackOff {
  if (uptimeMs > policy.resetAfterMs) return { crashes: 0, delayMs: 0 };
  const crashes = before + 1;
  if (crashes === 1) return { crashes, delayMs: 0 };
  return { crashes, delayMs: Math.min(policy.firstCooldownMs * 2 ** (crashes - 2), policy.maxCooldownMs) };
}
