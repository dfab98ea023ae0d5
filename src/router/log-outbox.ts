import type { AppId } from '../model/ids.ts';

/** A log line on its way to the control plane. */
export interface OutboxLine {
  /** Grows with every line of its app. */
  readonly position: number;
  readonly atMicros: bigint;
  readonly process: 'router' | 'logplex';
  readonly message: string;
  /** Lines that it stands for: more than one if it tells of dropped ones. */
  readonly count: number;
}

export interface LogBatch {
  readonly id: number;
  readonly apps: readonly { readonly appId: AppId; readonly lines: readonly OutboxLine[] }[];
}

interface AppLines {
  lines: OutboxLine[];
  bytes: number;
  dropped: { count: number; sinceMicros: bigint; position: number } | null;
}

export interface OutboxLimits {
  readonly bytesPerApp: number;
  readonly bytes: number;
  readonly linesPerBatch: number;
  readonly bytesPerBatch: number;
}

const megabyte = 1024 * 1024;
const defaults: OutboxLimits = {
  bytesPerApp: 4 * megabyte,
  bytes: 64 * megabyte,
  linesPerBatch: 2_000,
  bytesPerBatch: 4 * megabyte,
};

/**
 * Keeps log lines until the control plane has them on disk. When an app's share or the whole is full, the app's oldest
 * lines give way, and one line tells how many (L10). One batch is under way at a time.
 */
export class LogOutbox {
  readonly #limits: OutboxLimits;
  readonly #apps = new Map<AppId, AppLines>();
  readonly #positions = new Map<AppId, number>();
  readonly #onLine: () => void;
  #bytes = 0;
  #lastMicros = 0n;
  #batches = 0;
  #sent: LogBatch | null = null;

  constructor(onLine: () => void, limits: Partial<OutboxLimits> = {}) {
    this.#onLine = onLine;
    this.#limits = { ...defaults, ...limits };
  }

  get isEmpty(): boolean {
    return this.#apps.size === 0;
  }

  append(appId: AppId, message: string): void {
    const position = (this.#positions.get(appId) ?? 0) + 1;
    this.#positions.set(appId, position);
    const line: OutboxLine = { position, atMicros: this.#now(), process: 'router', message, count: 1 };
    const app = this.#apps.get(appId) ?? { lines: [], bytes: 0, dropped: null };
    this.#apps.set(appId, app);
    app.lines.push(line);
    app.bytes += cost(line);
    this.#bytes += cost(line);
    const full = this.#bytes > this.#limits.bytes;
    if (app.bytes > this.#limits.bytesPerApp || full) this.#makeRoom(appId, app);
    this.#onLine();
  }

  /** Null when all is sent, or the last batch is not acknowledged yet. */
  nextBatch(): LogBatch | null {
    if (this.#sent !== null || this.#apps.size === 0) return null;
    const apps: { appId: AppId; lines: OutboxLine[] }[] = [];
    let room = this.#limits.linesPerBatch;
    let bytes = this.#limits.bytesPerBatch;
    for (const [appId, app] of this.#apps) {
      if (room <= 0 || bytes <= 0) break;
      this.#tellDropped(app);
      const lines: OutboxLine[] = [];
      for (const line of app.lines) {
        if (room <= 0 || bytes <= 0) break;
        lines.push(line);
        room--;
        bytes -= cost(line);
      }
      apps.push({ appId, lines });
    }
    this.#sent = { id: ++this.#batches, apps };
    return this.#sent;
  }

  /** The batch is in the apps' logs. */
  acknowledge(id: number): void {
    const batch = this.#sent;
    if (batch?.id !== id) return;
    this.#sent = null;
    for (const { appId, lines } of batch.apps) {
      const app = this.#apps.get(appId);
      const last = lines.at(-1)?.position ?? 0;
      if (app === undefined) continue;
      const kept = app.lines.findIndex(({ position }) => position > last);
      this.#remove(app, 0, kept === -1 ? app.lines.length : kept);
      if (app.lines.length === 0 && app.dropped === null) this.#apps.delete(appId);
      else {
        // To the end of the queue, so that a noisy app does not keep the others from being sent.
        this.#apps.delete(appId);
        this.#apps.set(appId, app);
      }
    }
  }

  /** The connection broke: what was not acknowledged is sent again. */
  rewind(): void {
    this.#sent = null;
  }

  /** A quarter at once, so that a full buffer does not cost anew with every line. What is under way to the control plane stays. */
  #makeRoom(appId: AppId, app: AppLines): void {
    const underWay = this.#sent?.apps.find((sent) => sent.appId === appId)?.lines.length ?? 0;
    const dropped = app.lines.slice(underWay, underWay + Math.ceil((app.lines.length - underWay) / 4));
    const [first] = dropped;
    const last = dropped.at(-1);
    if (first === undefined || last === undefined) return;
    app.dropped = {
      count: (app.dropped?.count ?? 0) + dropped.reduce((sum, { count }) => sum + count, 0),
      sinceMicros: app.dropped?.sinceMicros ?? first.atMicros,
      position: Math.max(app.dropped?.position ?? 0, last.position),
    };
    this.#remove(app, underWay, dropped.length);
  }

  /** Puts the line about dropped lines where they were. */
  #tellDropped(app: AppLines): void {
    if (app.dropped === null) return;
    const line = overflowLine(app.dropped);
    const next = app.lines.findIndex(({ position }) => position > line.position);
    app.lines.splice(next === -1 ? app.lines.length : next, 0, line);
    app.bytes += cost(line);
    this.#bytes += cost(line);
    app.dropped = null;
  }

  #remove(app: AppLines, from: number, count: number): void {
    for (const line of app.lines.splice(from, count)) {
      app.bytes -= cost(line);
      this.#bytes -= cost(line);
    }
  }

  /** Never the same twice, so that lines keep their order. */
  #now(): bigint {
    const now = BigInt(Date.now()) * 1000n;
    this.#lastMicros = now > this.#lastMicros ? now : this.#lastMicros + 1n;
    return this.#lastMicros;
  }
}

/** Source: https://devcenter.heroku.com/articles/error-codes#l10-drain-buffer-overflow */
function overflowLine(dropped: { count: number; sinceMicros: bigint; position: number }): OutboxLine {
  const since = new Date(Number(dropped.sinceMicros / 1000n)).toISOString().replace(/\.\d+Z$/, '+00:00');
  return {
    position: dropped.position,
    atMicros: dropped.sinceMicros,
    process: 'logplex',
    message: `Error L10 (output buffer overflow): ${dropped.count} messages dropped since ${since}.`,
    count: dropped.count,
  };
}

function cost(line: OutboxLine): number {
  return line.message.length + 64;
}
