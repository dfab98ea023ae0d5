import type { AppId } from '../model/ids.ts';

export interface Cancellation extends Disposable {
  readonly signal: AbortSignal;
  /** True when it was cancelled with its app, whatever else may have aborted the signal. */
  isCancelled(): boolean;
}

/** Lets the running and the waiting builds of an app be cancelled, for example when it is destroyed. */
export class BuildCancellations {
  readonly #running = new Map<AppId, Set<AbortController>>();

  /** A signal for one build, aborted too when `also` is. Dispose it when the build has ended. */
  register(appId: AppId, also: AbortSignal): Cancellation {
    const controller = new AbortController();
    const builds = this.#running.get(appId) ?? new Set();
    this.#running.set(appId, builds.add(controller));
    return {
      signal: AbortSignal.any([controller.signal, also]),
      isCancelled: () => controller.signal.aborted,
      [Symbol.dispose]: () => {
        builds.delete(controller);
        if (builds.size === 0) this.#running.delete(appId);
      },
    };
  }

  cancel(appId: AppId): void {
    for (const controller of this.#running.get(appId) ?? []) controller.abort();
  }
}
