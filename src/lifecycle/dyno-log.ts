import type { DynoOutput } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';
import type { AppLogWriter, LogLine } from '../model/log.ts';

const lineFeed = 0x0a;
const noticeMs = 1_000;

/** Lines that a dyno has lost and that its log does not know of yet. */
interface Loss {
  /** Of the latest chunk with a loss before it. */
  readonly output: DynoOutput;
  readonly count: number;
  readonly sinceMicros: bigint;
  readonly timer: NodeJS.Timeout;
}

/**
 * Turns what dynos write into lines of their apps' logs. Losses are told once a second, not where they happened: among the
 * lines of a flood the notice would be rotated out of the log by the very next ones, and nobody would ever read it.
 */
export class DynoLog implements AsyncDisposable {
  readonly #logs: AppLogWriter;
  readonly #losses = new Map<DynoId, Loss>();

  constructor(logs: AppLogWriter) {
    this.#logs = logs;
  }

  /** The last line carries the reader's position, so that a restart goes on after it. */
  handle(output: DynoOutput): void {
    if (output.droppedLines > 0) this.#count(output);
    const lines = linesOf(output);
    // Without a line of its own the loss at the end of a dyno's output has nothing else to carry the position.
    if (lines.length === 0) lines.push(...this.#takeNotice(output.dynoId));
    const last = lines.at(-1);
    if (last === undefined) return;
    lines[lines.length - 1] = { ...last, cursor: { reader: output.dynoId, position: output.cursor } };
    this.#logs.append(output.appId, lines);
  }

  /** Tells what has not been told. */
  [Symbol.asyncDispose](): Promise<void> {
    for (const dynoId of this.#losses.keys()) this.#tell(dynoId);
    return Promise.resolve();
  }

  // Private

  #count(output: DynoOutput): void {
    const { dynoId, atMicros, droppedLines } = output;
    const known = this.#losses.get(dynoId);
    this.#losses.set(dynoId, {
      output,
      count: (known?.count ?? 0) + droppedLines,
      sinceMicros: known?.sinceMicros ?? atMicros,
      timer:
        known?.timer ??
        setTimeout(() => {
          this.#tell(dynoId);
        }, noticeMs),
    });
  }

  #tell(dynoId: DynoId): void {
    const appId = this.#losses.get(dynoId)?.output.appId;
    const notice = this.#takeNotice(dynoId);
    if (appId !== undefined) this.#logs.append(appId, notice);
  }

  #takeNotice(dynoId: DynoId): readonly LogLine[] {
    const loss = this.#losses.get(dynoId);
    if (loss === undefined) return [];
    this.#losses.delete(dynoId);
    clearTimeout(loss.timer);
    const since = new Date(Number(loss.sinceMicros / 1000n)).toISOString().replace('Z', '+00:00');
    const message = `Error L12 (Local buffer overflow): ${loss.count} messages dropped since ${since}, ${loss.output.name} wrote faster than its log could be read.`;
    return [{ atMicros: loss.output.atMicros, source: 'heroku', process: 'logplex', message }];
  }
}

function linesOf({ bytes, atMicros, name }: DynoOutput): LogLine[] {
  const lines: LogLine[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(lineFeed, start);
    const stop = end === -1 ? bytes.length : end;
    lines.push({ atMicros, source: 'app', process: name, message: bytes.subarray(start, stop) });
    start = stop + 1;
  }
  return lines;
}
