import type { AppId, BuildId } from '../model/ids.ts';

export interface Cancellation extends Disposable {
  readonly signal: AbortSignal;
  /** True when it was cancelled by this id, whatever else may have aborted the signal. */
  isCancelled(): boolean;
}

/** Lets the running and the waiting builds of an app be cancelled, for example when it is destroyed, or one of them alone. */
export class BuildCancellations {
  readonly #running = new Map<AppId | BuildId, Set<AbortController>>();

  /** A signal for one build, aborted too when `also` is. Dispose it when the build has ended. */
  register(id: AppId | BuildId, also: AbortSignal): Cancellation {
    const controller = new AbortController();
    const builds = this.#running.get(id) ?? new Set();
    this.#running.set(id, builds.add(controller));
    return {
      signal: AbortSignal.any([controller.signal, also]),
      isCancelled: () => controller.signal.aborted,
      [Symbol.dispose]: () => {
        builds.delete(controller);
        if (builds.size === 0) this.#running.delete(id);
      },
    };
  }

  /** The message of `reason` is told to whoever reads the build's output. */
  cancel(id: AppId | BuildId, reason?: Error): void {
    for (const controller of this.#running.get(id) ?? []) controller.abort(reason);
  }
}
