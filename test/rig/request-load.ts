import { setTimeout as delay } from 'node:timers/promises';
import type { RigApp } from './platform-rig.ts';

export interface LoadReport {
  readonly bodies: readonly string[];
  /** One text per request that did not end with 200. */
  readonly failures: readonly string[];
  readonly slowestMs: number;
}

/** Requests one after the other on two lanes until it is stopped. */
export function startLoad(
  app: RigApp,
  options: { path?: string; pauseMs?: number } = {},
): AsyncDisposable & { stop(): Promise<LoadReport> } {
  const bodies: string[] = [];
  const failures: string[] = [];
  let slowestMs = 0;
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver) {
      const startedAt = performance.now();
      try {
        const answer = await app.get(options.path ?? '/');
        if (answer.status === 200) bodies.push(answer.body);
        else failures.push(`${answer.status} ${answer.body.slice(0, 100)}`);
      } catch (error) {
        failures.push(String(error));
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      await delay(options.pauseMs ?? 10);
    }
  };
  const lanes = [lane(), lane()];
  const stop = async (): Promise<LoadReport> => {
    isOver = true;
    await Promise.all(lanes);
    return { bodies, failures, slowestMs };
  };
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}
