import type { DynoId } from '../model/ids.ts';

interface Traffic {
  active: number;
  failures: number;
  quarantinedUntil: number;
  readonly idle: Set<() => void>;
}

/** What is under way to each dyno, and which dynos could lately not be reached. A dyno that is not mentioned has no traffic. */
export class DynoTraffic {
  readonly #dynos = new Map<DynoId, Traffic>();
  readonly #quarantineMs: number;

  constructor(quarantineMs: number) {
    this.#quarantineMs = quarantineMs;
  }

  active(dynoId: DynoId): number {
    return this.#dynos.get(dynoId)?.active ?? 0;
  }

  /** Counts a request from the moment the dyno is chosen, so that no `drained` can slip in before the connection is open. */
  begin(dynoId: DynoId): void {
    this.#of(dynoId).active++;
  }

  end(dynoId: DynoId): void {
    const traffic = this.#of(dynoId);
    traffic.active--;
    if (traffic.active > 0) return;
    for (const tell of [...traffic.idle]) tell();
    this.#forgetIfQuiet(dynoId, traffic);
  }

  /** Resolves when no request is under way to the dyno, or after `deadlineMs`. */
  async drained(dynoId: DynoId, deadlineMs: number): Promise<void> {
    if (this.active(dynoId) === 0) return;
    const { idle } = this.#of(dynoId);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        idle.delete(done);
        resolve();
      };
      const timer = setTimeout(done, deadlineMs);
      idle.add(done);
    });
  }

  isQuarantined(dynoId: DynoId): boolean {
    return (this.#dynos.get(dynoId)?.quarantinedUntil ?? 0) > Date.now();
  }

  /** Longer with every failure in a row, up to the limit: a dyno that is just being restarted is soon tried again. */
  quarantine(dynoId: DynoId): void {
    const traffic = this.#of(dynoId);
    const forMs = Math.min(this.#quarantineMs, 250 * 2 ** traffic.failures);
    traffic.failures = Math.min(traffic.failures + 1, 10);
    traffic.quarantinedUntil = Date.now() + forMs;
    setTimeout(() => {
      this.#forgetIfQuiet(dynoId, traffic);
    }, this.#quarantineMs * 4).unref();
  }

  reached(dynoId: DynoId): void {
    const traffic = this.#of(dynoId);
    traffic.failures = 0;
    traffic.quarantinedUntil = 0;
  }

  #of(dynoId: DynoId): Traffic {
    let traffic = this.#dynos.get(dynoId);
    if (traffic === undefined) {
      traffic = { active: 0, failures: 0, quarantinedUntil: 0, idle: new Set() };
      this.#dynos.set(dynoId, traffic);
    }
    return traffic;
  }

  #forgetIfQuiet(dynoId: DynoId, traffic: Traffic): void {
    if (traffic.active > 0 || traffic.quarantinedUntil > Date.now() || traffic.idle.size > 0) return;
    if (this.#dynos.get(dynoId) === traffic) this.#dynos.delete(dynoId);
  }
}
