import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { AttachedProcess } from '../model/dyno.ts';
import { exitMarker, outputPieces } from './output-pieces.ts';

/** A client as its protocol shows it. */
export interface ClientEnd {
  readonly input: Readable;
  /** Resolves when there is room for more, or nobody to write to. */
  write(bytes: Buffer): Promise<void>;
  /** Closes the connection to a client that has been silent for too long. */
  cut(): void;
  /** Before the exit marker is written. */
  readonly markerPauseMs?: number;
}

/** One client and its process, from the moment at which it is the client's until the process has ended. */
export class Conversation {
  readonly #client: ClientEnd;
  readonly #onGone: () => void;
  readonly #idle: NodeJS.Timeout;
  #isOver = false;

  /** `onGone`: the client has gone before the process has ended. `idleMs`: without a byte in either direction. */
  constructor(client: ClientEnd, idleMs: number, onGone: () => void) {
    this.#client = client;
    this.#onGone = onGone;
    this.#idle = setTimeout(() => {
      client.cut();
      this.gone();
    }, idleMs);
  }

  /** To be called when the connection ends. */
  gone(): void {
    if (this.#isOver) return;
    this.end();
    this.#onGone();
  }

  /** Without a word to anybody. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#idle);
  }

  /** Resolves to the exit status when the process has ended and its output has been written, or thrown away for want of a client. */
  async hold(
    process: AttachedProcess,
    options: { readonly endsInput: boolean; readonly wantsStatus: boolean },
  ): Promise<number> {
    this.#client.input.on('data', () => this.#idle.refresh());
    this.#client.input.pipe(process.input, { end: options.endsInput });
    for await (const chunk of process.output) {
      for (const piece of outputPieces(chunk as Buffer)) await this.#write(piece);
    }
    const { status } = await process.exited;
    if (options.wantsStatus) {
      await delay(this.#client.markerPauseMs ?? 0);
      await this.#write(exitMarker(status));
    }
    this.end();
    return status;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#isOver) return;
    this.#idle.refresh();
    await this.#client.write(bytes);
  }
}
