/** When a crashed dyno is started again. Source: https://devcenter.heroku.com/articles/dynos#dyno-crash-restart-policy */
export interface CrashPolicy {
  /** A dyno that ran for longer than this did not fail to boot: it is restarted at once and its count begins anew. */
  readonly resetAfterMs: number;
  /** Wait before the start that follows the second crash in a row; doubles with each further one. */
  readonly firstCooldownMs: number;
  readonly maxCooldownMs: number;
}

export interface FormationLimits {
  /** From the launch of a web dyno until it must listen on `$PORT` (R10). */
  readonly bootTimeoutMs: number;
  /** From SIGTERM to SIGKILL (R12). */
  readonly stopGraceMs: number;
  /** The same for dynos of an app that is being destroyed and for dynos that nobody knows. */
  readonly removeGraceMs: number;
  /** How long the requests under way to a dyno that left the route may take before it gets SIGTERM. */
  readonly drainMs: number;
  /** How often a booting web dyno is asked whether it listens. */
  readonly listenPollMs: number;
  /** How often a dyno's memory is looked at (R14, metrics). */
  readonly meterEveryMs: number;
  readonly crash: CrashPolicy;
}

const minuteMs = 60_000;

export const defaultLimits: FormationLimits = {
  bootTimeoutMs: minuteMs,
  stopGraceMs: 30_000,
  removeGraceMs: 5_000,
  drainMs: 30_000,
  listenPollMs: 50,
  meterEveryMs: 20_000,
  crash: { resetAfterMs: 10 * minuteMs, firstCooldownMs: 10 * minuteMs, maxCooldownMs: 24 * 60 * minuteMs },
};
