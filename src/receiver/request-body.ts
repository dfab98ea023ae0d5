import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { PlainTextError } from './plain-text.ts';

/** Why there is no more of a request: the client left, was silent for too long, sent too much, or sent a broken gzip stream. */
export type BodyEnd = 'gone' | 'idle' | 'too-large' | 'corrupt';

export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly end: BodyEnd;

  constructor(end: BodyEnd, cause?: unknown) {
    super(`The request body ended early: ${end}`, { cause });
    this.end = end;
  }
}

const maxDiscardMs = 30_000;

/** A request's body, unpacked if it is gzip, read chunk by chunk so that nothing is taken that nobody wants yet. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #limits: { maxBytes: number; idleMs: number };
  #bytes = 0;
  #ended = false;

  constructor(request: IncomingMessage, limits: { maxBytes: number; idleMs: number }) {
    this.#request = request;
    this.#limits = limits;
    this.#stream = decoded(request);
    this.#stream.on('error', () => undefined); // told by the next read
    this.#chunks = this.#stream.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  }

  /** Null at the end. Throws a BodyError; the chunk that passes `maxBytes` is still given, the next read throws. */
  async read(): Promise<Buffer | null> {
    if (this.#bytes > this.#limits.maxBytes) throw new BodyError('too-large');
    const next = await this.#nextInTime();
    if (next.done === true) {
      this.#ended = true;
      return null;
    }
    this.#bytes += next.value.length;
    return next.value;
  }

  get isTooLarge(): boolean {
    return this.#bytes > this.#limits.maxBytes;
  }

  /**
   * For answers that come before the whole request has been read: takes and drops what is still sent, for a while, so
   * that the client gets to read the answer; then the connection is cut.
   */
  discardRest(): void {
    if (this.#ended || this.#request.complete || this.#request.destroyed) return;
    const timer = setTimeout(() => this.#request.destroy(), Math.min(maxDiscardMs, this.#limits.idleMs));
    void this.#drop().then(() => {
      clearTimeout(timer);
    });
  }

  async #drop(): Promise<void> {
    try {
      for (let rest = await this.#chunks.next(); rest.done !== true;) rest = await this.#chunks.next();
    } catch {
      // Not to be unpacked, or gone. What is still on its way is read all the same: cut off now, the answer would be lost.
      if (this.#request.destroyed || this.#request.complete) return;
      this.#request.resume();
      await finished(this.#request, { writable: false }).catch(() => undefined);
    }
  }

  async #nextInTime(): Promise<IteratorResult<Buffer, undefined>> {
    let timer: NodeJS.Timeout | undefined;
    const idle = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new BodyError('idle'));
      }, this.#limits.idleMs);
    });
    try {
      return (await Promise.race([this.#chunks.next(), idle])) as IteratorResult<Buffer, undefined>;
    } catch (error) {
      if (error instanceof BodyError) throw error;
      const code = (error as NodeJS.ErrnoException).code ?? '';
      throw new BodyError(code.startsWith('Z_') ? 'corrupt' : 'gone', error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function decoded(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return request;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new PlainTextError(415, [`The content encoding of this request is not supported. Use gzip or none.`]);
  }
  const gunzip = createGunzip();
  // Not `pipeline`, which ends the connection with the first damaged byte, and the answer with it.
  request.pipe(gunzip);
  gunzip.once('error', () => {
    request.unpipe(gunzip);
    request.resume();
  });
  request.once('close', () => {
    if (!request.complete) gunzip.destroy(new Error('the client has gone'));
  });
  return gunzip;
}
