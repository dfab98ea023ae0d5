import type { Logger } from '../../log.ts';
import type { Outbound } from '../../lib/outbound.ts';
import type { AppId, LogDrainId } from '../../model/ids.ts';
import type { LogLine } from '../../model/log.ts';
import type { AppLog } from '../app-log.ts';
import { Drain, type DrainLimits } from './drain.ts';
import { parseDrainUrl } from './drain-address.ts';
import { DrainNotices } from './drain-notices.ts';
import type { DrainPositions } from './drain-positions.ts';
import { HttpSender } from './http-sender.ts';
import { SyslogSender } from './syslog-sender.ts';

/** A drain as whoever opens it knows it. */
export interface DrainSpec {
  readonly id: LogDrainId;
  readonly appId: AppId;
  readonly token: string;
  /** May hold a password. */
  readonly url: string;
  readonly mayReachLoopback: boolean;
}

/** The drains of all apps, while they run. */
export class Drains {
  readonly #positions: DrainPositions;
  readonly #outbound: Outbound;
  readonly #limits: DrainLimits;
  readonly #log: Logger;
  readonly #running = new Map<LogDrainId, { readonly appId: AppId; readonly drain: Drain }>();

  constructor(positions: DrainPositions, outbound: Outbound, limits: DrainLimits, log: Logger) {
    this.#positions = positions;
    this.#outbound = outbound;
    this.#limits = limits;
    this.#log = log;
  }

  /** A new drain gets what is appended from now on; one that was open before a restart goes on where it was. */
  open(spec: DrainSpec, appLog: AppLog, append: (line: LogLine) => void): void {
    if (this.#running.has(spec.id)) return;
    const address = parseDrainUrl(spec.url);
    const sender =
      address.kind === 'http'
        ? new HttpSender(address, spec, this.#outbound)
        : new SyslogSender(address, spec, this.#outbound);
    const drain = new Drain({
      id: spec.id,
      token: spec.token,
      appLog,
      sender,
      positions: this.#positions,
      notices: new DrainNotices({ token: spec.token, host: address.host }, append),
      limits: this.#limits,
      log: this.#log,
    });
    this.#running.set(spec.id, { appId: spec.appId, drain });
    drain.start();
  }

  /** Ends a drain for good. */
  async remove(id: LogDrainId): Promise<void> {
    await this.#running.get(id)?.drain.close();
    this.#running.delete(id);
    await this.#positions.forget(id);
  }

  async removeOf(appId: AppId): Promise<void> {
    const ids = [...this.#running].filter(([, { appId: of }]) => of === appId).map(([id]) => id);
    await Promise.all(ids.map((id) => this.remove(id)));
  }

  /** Forgets drains that nobody has opened since the start. */
  async sweep(): Promise<void> {
    await this.#positions.sweep(new Set(this.#running.keys()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ drain }) => drain.close()));
    this.#running.clear();
  }
}
