import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BuildOutput } from '../model/build.ts';

interface WriterEvents {
  readonly onFailure: (error: unknown) => void;
  readonly onEnd: () => void;
}

/** Writes one stream to its file, in order; a full disk costs the rest of the stream, never the build. */
export class OutputWriter implements BuildOutput, AsyncDisposable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #events: WriterEvents;
  readonly #waiting = new Set<() => void>();
  #pending: Uint8Array[] = [];
  #takenBytes = 0;
  #writtenBytes = 0;
  #writing: Promise<void> | null = null;
  #file: FileHandle | null = null;
  #hasFailed = false;
  #hasEnded = false;

  constructor(path: string, maxBytes: number, events: WriterEvents) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#events = events;
    this.#start();
  }

  write(chunk: string | Uint8Array): void {
    if (this.#hasEnded || this.#hasFailed || this.#takenBytes >= this.#maxBytes) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const kept = bytes.subarray(0, this.#maxBytes - this.#takenBytes);
    this.#takenBytes += kept.length;
    this.#pending.push(kept);
    if (this.#takenBytes === this.#maxBytes) {
      this.#pending.push(Buffer.from(`\n[the rest of the output is not kept: the limit is ${this.#maxBytes} bytes]\n`));
    }
    this.#start();
  }

  /** Bytes that can be read from the file. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  get hasEnded(): boolean {
    return this.#hasEnded && this.#writing === null;
  }

  /** Resolves when more is written, the stream has ended, or the signal fires. */
  async changed(signal: AbortSignal): Promise<void> {
    if (this.hasEnded || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    while (this.#writing !== null) await this.#writing;
    await this.#file?.close().catch(this.#events.onFailure);
    this.#events.onEnd();
    this.#tell();
  }

  #start(): void {
    this.#writing ??= this.#drain()
      .catch((error: unknown) => {
        this.#hasFailed = true;
        this.#pending = [];
        this.#events.onFailure(error);
      })
      .finally(() => {
        this.#writing = null;
        // What came between the last look and now.
        if (this.#pending.length > 0) this.#start();
        this.#tell();
      });
  }

  async #drain(): Promise<void> {
    if (this.#file === null) {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      this.#file = await open(this.#path, 'w', 0o600);
    }
    for (let bytes = this.#take(); bytes.length > 0; bytes = this.#take()) {
      await this.#file.writeFile(bytes);
      this.#writtenBytes += bytes.length;
      this.#tell();
    }
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    return bytes;
  }

  #tell(): void {
    for (const done of [...this.#waiting]) done();
  }
}
