import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../log.ts';
import { nowMicros } from '../../lib/micros.ts';
import type { LogDrainId } from '../../model/ids.ts';
import type { AppLog } from '../app-log.ts';
import { followLog } from '../follow-log.ts';
import { formatMicros } from '../format-line.ts';
import type { StoredLine } from '../frame.ts';
import { batchesOf, type DrainBatch } from './drain-batch.ts';
import type { DrainNotices } from './drain-notices.ts';
import type { DrainPosition, DrainPositions } from './drain-positions.ts';
import type { DrainSender, SendOutcome } from './drain-sender.ts';
import { syslogFrame } from './syslog-frame.ts';

export interface DrainLimits {
  /** Live lines that wait in memory for one drain; whatever is behind is read from the disk. */
  readonly drainBufferBytes: number;
  /** Lines that come within this time go out together. */
  readonly drainLingerMs: number;
  /** Pause after the first failure; doubles with each further one. */
  readonly drainRetryMs: number;
  readonly maxDrainRetryMs: number;
}

export interface DrainParts {
  readonly id: LogDrainId;
  readonly token: string;
  readonly appLog: AppLog;
  readonly sender: DrainSender;
  readonly positions: DrainPositions;
  readonly notices: DrainNotices;
  readonly limits: DrainLimits;
  readonly log: Logger;
}

/**
 * Sends one app's log to one receiver, from where it had come before a restart. A receiver that is away is tried until it
 * answers; what the log has rotated away meanwhile is counted and told (L10). Nothing ever waits for a drain.
 */
export class Drain {
  readonly #parts: DrainParts;
  readonly #closing = new AbortController();
  #position: DrainPosition;
  #overflow: { readonly count: number; readonly since: number } | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: DrainParts) {
    this.#parts = parts;
    const last = parts.appLog.lastNumber();
    const stored = parts.positions.find(parts.id);
    this.#position = stored ?? { after: last, at: Date.now(), sending: null };
    // A number that this log has not reached is of lines that a power cut took; those to come have it now.
    if (this.#position.after > last) this.#position = { ...this.#position, after: last, sending: null };
  }

  start(): void {
    this.#running = this.#keepRunning();
  }

  /** Ends the sending; what has not gone out is sent after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    this.#parts.sender.close();
  }

  /** What fails for no reason of the receiver's (the disk) may work again later. */
  async #keepRunning(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      try {
        await this.#run();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#parts.log.error({ err: error, drain: this.#parts.id }, 'a log drain failed and starts again');
        await delay(this.#parts.limits.maxDrainRetryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #run(): Promise<void> {
    const { appLog, limits, positions, id } = this.#parts;
    const { signal } = this.#closing;
    await positions.save(id, this.#position);
    const following = followLog(appLog, this.#position.after, { maxBufferBytes: limits.drainBufferBytes, signal });
    for await (const frames of following) {
      const missing = (frames[0]?.first ?? 0) - this.#position.after - 1;
      if (missing > 0) this.#lose(missing, (frames[0]?.first ?? 0) - 1);
      const batches = batchesOf(frames, {
        after: this.#position.after,
        maxBytes: this.#parts.sender.maxBytes,
        cutAt: this.#position.sending?.to ?? null,
        format: (line) => this.#format(line),
      });
      for (const batch of batches) await this.#deliver(batch);
      await delay(limits.drainLingerMs, undefined, { signal });
    }
  }

  #format(line: StoredLine): Buffer | null {
    const { source, process } = line.origin;
    // What the platform says of this very drain: its receiver is told in place, and must not answer to it with more of the same.
    if (process === 'logplex' && source === 'heroku' && line.message.includes(this.#parts.token)) return null;
    return syslogFrame(this.#parts.sender.hostName, { micros: line.micros, source, process, message: line.message });
  }

  async #deliver(batch: DrainBatch): Promise<void> {
    const { sender, positions, notices, id } = this.#parts;
    const sent = this.#withOverflow(batch);
    if (sent.count > 0) {
      const { sending } = this.#position;
      const frameId = sending?.to === batch.last ? sending.id : randomBytes(16).toString('hex').toUpperCase();
      if (sender.confirms) {
        this.#position = { ...this.#position, sending: { to: batch.last, id: frameId } };
        await positions.save(id, this.#position);
      }
      const outcome = await this.#sendUntilTaken({ ...sent, id: frameId });
      if (outcome.is === 'refused') notices.refused(sent.count, outcome.status);
    }
    this.#overflow = null;
    this.#position = { after: batch.last, at: Date.now(), sending: null };
    await positions.save(id, this.#position);
  }

  /** Throws when the drain is closed. */
  async #sendUntilTaken(batch: { bytes: Buffer; count: number; id: string }): Promise<SendOutcome> {
    const { sender, notices, limits, log, id } = this.#parts;
    const { signal } = this.#closing;
    for (let attempt = 0; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        const outcome = await sender.send(batch, signal);
        notices.delivered();
        return outcome;
      } catch (error) {
        signal.throwIfAborted();
        if (attempt === 0) log.debug({ err: error, drain: id }, 'a log drain could not deliver and tries again');
        notices.failed(error);
      }
      const pauseMs = Math.min(limits.maxDrainRetryMs, limits.drainRetryMs * 2 ** Math.min(attempt, 20));
      // Spread, so that the drains of many apps do not all come back to a receiver at once.
      await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }

  /** Lines up to `to` were gone before they could be sent. */
  #lose(count: number, to: number): void {
    this.#overflow = { count: (this.#overflow?.count ?? 0) + count, since: this.#overflow?.since ?? this.#position.at };
    this.#parts.notices.dropped(count, this.#position.at);
    this.#position = { ...this.#position, after: to, sending: null };
  }

  /** Source of the text: github.com/heroku/logplex */
  #withOverflow(batch: DrainBatch): { readonly bytes: Buffer; readonly count: number } {
    if (this.#overflow === null) return batch;
    const since = formatMicros(BigInt(this.#overflow.since) * 1000n);
    const message = `Error L10 (output buffer overflow): ${this.#overflow.count} messages dropped since ${since}.`;
    const frame = syslogFrame(
      this.#parts.sender.hostName,
      { micros: nowMicros(), source: 'heroku', process: 'logplex', message: Buffer.from(message) },
      'loss',
    );
    return { bytes: Buffer.concat([frame, batch.bytes]), count: batch.count + 1 };
  }
}
