import { watch, type FSWatcher } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { SpoolReader, type SpoolChunk } from '../supervisor/index.ts';

/** In case the kernel loses an event, or has none to give. */
const pollMs = 1000;

export interface TailEnd {
  /** Null: not known. */
  readonly lines: number | null;
}

/**
 * Follows one dyno's spool. Each turn of the event loop hands on at most one read of it (256 KiB), so that a dyno that
 * floods its log holds up nobody but itself.
 */
export class OutputTail {
  readonly #reader: SpoolReader;
  readonly #onChunk: (chunk: SpoolChunk) => void;
  readonly #ending: () => Promise<TailEnd | null>;
  readonly #watcher: FSWatcher | null;
  #wake: () => void = () => undefined;
  #changed = true;
  #stopped = false;
  #isOver = false;
  /** In the order of their moments. */
  #waiting: { readonly atMicros: bigint; readonly then: () => void }[] = [];
  /** Resolves when all output has been handed on, with true, or when the tail was stopped, with false. */
  readonly done: Promise<boolean>;

  /** `ending`: asked after every change; once it is not null, what is in the spool then is all there will be. */
  constructor(dir: string, from: number, onChunk: (chunk: SpoolChunk) => void, ending: () => Promise<TailEnd | null>) {
    this.#reader = new SpoolReader(dir, from);
    this.#onChunk = onChunk;
    this.#ending = ending;
    this.#watcher = watchIfPossible(dir, () => {
      this.#changed = true;
      this.#wake();
    });
    this.done = this.#follow();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** Calls `then` when all that was spooled before this moment has been handed on, and nothing later yet; at the latest when the tail ends. */
  after(atMicros: bigint, then: () => void): void {
    if (this.#isOver) {
      then();
      return;
    }
    this.#waiting.push({ atMicros, then });
    this.#changed = true;
    this.#wake();
  }

  async #follow(): Promise<boolean> {
    try {
      while (!this.#stopped) {
        this.#changed = false;
        const end = await this.#ending();
        await this.#readAll();
        if (end !== null) return this.#finish(end.lines);
        await this.#change();
      }
      return false;
    } finally {
      this.#isOver = true;
      this.#tell(this.#waiting.length);
      this.#watcher?.close();
      await this.#reader[Symbol.asyncDispose]();
    }
  }

  async #readAll(): Promise<void> {
    while (!this.#stopped) {
      const asked = this.#waiting.length;
      const chunks = await this.#reader.read();
      if (chunks === null) {
        this.#tell(asked);
        return;
      }
      for (const chunk of chunks) {
        this.#tell(this.#waiting.filter(({ atMicros }) => atMicros < chunk.atMicros).length);
        this.#onChunk(chunk);
      }
      await setImmediate();
    }
  }

  #tell(count: number): void {
    for (const { then } of this.#waiting.splice(0, count)) then();
  }

  #finish(lines: number | null): boolean {
    if (this.#stopped) return false;
    const rest = this.#reader.rest(lines);
    if (rest !== null) this.#onChunk(rest);
    return true;
  }

  async #change(): Promise<void> {
    if (this.#changed || this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}

/** Without a watch (the user's limit of inotify instances is reached) the poll has to do. */
function watchIfPossible(dir: string, onEvent: () => void): FSWatcher | null {
  try {
    return watch(dir, { persistent: false }, onEvent).on('error', () => undefined);
  } catch {
    return null;
  }
}
