import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { noCache } from './plain-text.ts';
import { PacketFollower, sideband } from './pkt-line.ts';

/**
 * For an answer before the end of the request, which git gives to a broken pack: closing the connection with bytes in it that
 * nobody has read would reset it, and the router, which is still sending, would lose the answer. The router closes it.
 */
export function keepUntilRead(response: ServerResponse): void {
  if (!response.req.complete) response.shouldKeepAlive = true;
}

/**
 * The pusher's end of a push: git's output goes to it as it comes, until it leaves or stops reading. From then on the
 * output is drained to nowhere, so that the push goes on without it.
 */
export class PushClient {
  readonly #response: ServerResponse;
  readonly #hasSideband: boolean;
  readonly #idleMs: number;
  readonly #packets = new PacketFollower();
  #notes: string[] = [];
  #attached = true;

  constructor(response: ServerResponse, options: { hasSideband: boolean; idleMs: number }) {
    this.#response = response;
    this.#hasSideband = options.hasSideband;
    this.#idleMs = options.idleMs;
    response.on('error', () => undefined);
    response.once('close', () => {
      this.#attached = false;
    });
  }

  get isAttached(): boolean {
    return this.#attached;
  }

  /** Sends the response's head, if that has not been done. */
  start(): void {
    if (!this.#attached || this.#response.headersSent) return;
    keepUntilRead(this.#response);
    this.#response.writeHead(200, { ...noCache, 'content-type': 'application/x-git-receive-pack-result' });
    this.#response.flushHeaders();
  }

  /** Passes git's standard output on, with back-pressure; resolves when all of it has been handed over. */
  async take(stdout: Readable): Promise<void> {
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      this.#packets.follow(chunk);
      this.start();
      await this.#write(chunk);
      await this.#writeNotes();
    }
  }

  /** A text of ours between git's packets; nothing for a client that could not show it. */
  note(text: string): void {
    this.#notes.push(text);
    void this.#writeNotes();
  }

  end(): void {
    this.start();
    if (this.#attached) this.#response.end();
  }

  /** Cuts the connection; the push goes on. */
  detach(): void {
    this.#attached = false;
    this.#response.destroy();
  }

  async #writeNotes(): Promise<void> {
    if (!this.#hasSideband || !this.#packets.atBoundary) return;
    const notes = this.#notes.splice(0);
    if (notes.length === 0) return;
    this.start();
    await this.#write(sideband(2, notes.join('')));
  }

  /** Resolves when the client has room for more, or is gone. */
  async #write(bytes: Buffer): Promise<void> {
    if (!this.#attached || this.#response.writableEnded || this.#response.write(bytes)) return;
    let settle: (drained: boolean) => void = () => undefined;
    const onDrain = (): void => {
      settle(true);
    };
    const timer = setTimeout(() => {
      settle(false);
    }, this.#idleMs);
    this.#response.once('drain', onDrain).once('close', onDrain);
    const drained = await new Promise<boolean>((resolve) => {
      settle = resolve;
    });
    clearTimeout(timer);
    this.#response.off('drain', onDrain).off('close', onDrain);
    if (!drained) this.detach();
  }
}
