/** A place in the queue of one app, which may be asked to give up. */
export interface Turn {
  /** Fires when a newer release makes this job pointless, or when the app or the platform goes. */
  readonly signal: AbortSignal;
  /** To be called when the job is through or has given up. */
  end(): void;
}

interface Job {
  /** The release that a roll-out is for; null for other changes. */
  readonly version: number | null;
  readonly controller: AbortController;
}

/** The jobs of one app that wait or run. */
export class Turns {
  readonly #jobs = new Set<Job>();

  /**
   * Announces a roll-out: older ones and restarts that wait for dynos give up. Null when it is itself the older one.
   * A scale that is still waiting for its turn is not lost by this: the roll-out reads the same formation entries.
   */
  announce(version: number, liveVersion: number): Turn | null {
    const newest = Math.max(liveVersion, ...[...this.#jobs].map((job) => job.version ?? 0));
    if (version < newest) return null;
    this.interruptAll();
    return this.#add(version);
  }

  /** Any other change. */
  begin(): Turn {
    return this.#add(null);
  }

  interruptAll(): void {
    for (const job of this.#jobs) job.controller.abort();
  }

  #add(version: number | null): Turn {
    const job: Job = { version, controller: new AbortController() };
    this.#jobs.add(job);
    return {
      signal: job.controller.signal,
      end: () => {
        this.#jobs.delete(job);
      },
    };
  }
}
