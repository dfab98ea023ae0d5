import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '../errors/platform-error.ts';
import type { DynoSelector } from '../formation/index.ts';
import type { AppId, DynoName, ProcessType } from '../model/ids.ts';
import type { OneOffDyno, OneOffLimits } from './one-off-dyno.ts';

/** As on Heroku for verified accounts. */
const maxPerApp = 50;
/** At the end of the platform. */
const closeGraceMs = 2_000;

/** The one-off dynos that run now. They end with the platform process. */
export class OneOffDynos implements AsyncDisposable {
  readonly limits: OneOffLimits;
  readonly #running = new Map<AppId, Map<DynoName, OneOffDyno>>();
  #isClosed = false;

  constructor(limits: OneOffLimits) {
    this.limits = limits;
  }

  /** `run.4711`: a number that no dyno of the formation has, and that tells one run from the last. */
  newName(appId: AppId, type: ProcessType): DynoName {
    const taken = this.#running.get(appId);
    if (this.#isClosed)
      throw new PlatformError('unavailable', 'The platform is shutting down. Try again when it is back.');
    if ((taken?.size ?? 0) >= maxPerApp) {
      const message = `This app runs ${maxPerApp} one-off dynos, more are not possible. Wait for one to end, or stop one with heroku ps:stop.`;
      throw new PlatformError('invalid_params', message);
    }
    for (;;) {
      const name = `${type}.${randomInt(1_000, 10_000)}` as DynoName;
      if (taken?.has(name) !== true) return name;
    }
  }

  /** Keeps it until it has ended, or `expiresMs` has passed. */
  add(dyno: OneOffDyno, expiresMs: number): void {
    const { appId, name } = dyno.spec;
    const ofApp = this.#running.get(appId) ?? new Map<DynoName, OneOffDyno>();
    this.#running.set(appId, ofApp.set(name, dyno));
    const expiry = setTimeout(() => void dyno.stop(), expiresMs);
    expiry.unref();
    void dyno.ended.then(() => {
      clearTimeout(expiry);
      ofApp.delete(name);
      if (ofApp.size === 0 && this.#running.get(appId) === ofApp) this.#running.delete(appId);
    });
  }

  find(appId: AppId, name: string): OneOffDyno | null {
    return (
      [...(this.#running.get(appId)?.values() ?? [])].find(({ spec }) => spec.name === name || spec.id === name) ?? null
    );
  }

  /** Stops those that are named, singly or by type; `all` means the formation only. False when there is none. */
  stop(appId: AppId, which: DynoSelector): boolean {
    if ('all' in which) return false;
    const chosen = [...(this.#running.get(appId)?.values() ?? [])].filter(({ spec }) =>
      'type' in which ? spec.type === which.type : spec.name === which.name,
    );
    for (const dyno of chosen) void dyno.stop();
    return chosen.length > 0;
  }

  /** Ends all of an app that is being destroyed. */
  async removeApp(appId: AppId): Promise<void> {
    await this.#endAll([...(this.#running.get(appId)?.values() ?? [])]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#endAll([...this.#running.values()].flatMap((ofApp) => [...ofApp.values()]));
  }

  async #endAll(dynos: readonly OneOffDyno[]): Promise<void> {
    const ended = Promise.all(dynos.map((dyno) => dyno.stop('SIGTERM', closeGraceMs)));
    await Promise.race([ended, delay(closeGraceMs * 2, null, { ref: false })]);
  }
}
