import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { manifestName, type ManifestEntry } from './manifest.ts';
import { blockBytes, encodeHeader, paddingOf } from './tar-header.ts';

const chunkBytes = 1024 * 1024;

/** Writes the members of a backup one after the other, and their checksums at the end. Holds one chunk at a time. */
export class BackupWriter {
  readonly #target: Writable;
  readonly #at: Date;
  readonly #signal: AbortSignal;
  readonly #entries: ManifestEntry[] = [];
  #sizeBytes = 0;
  /** Of the target; without a listener it would end the process. */
  #failure: Error | null = null;

  constructor(target: Writable, at: Date, signal: AbortSignal) {
    this.#target = target;
    this.#at = at;
    this.#signal = signal;
    target.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async addText(name: string, text: string): Promise<void> {
    const content = Buffer.from(text, 'utf8');
    await this.#begin(name, content.length);
    await this.#write(content);
    await this.#finish(name, content.length, createHash('sha256').update(content).digest('hex'));
  }

  /** `size`: so much of it; a file that is being appended to has more by now. */
  async addFile(name: string, path: string, size?: number): Promise<void> {
    const file = await open(path, 'r');
    try {
      const bytes = size ?? (await file.stat()).size;
      await this.#begin(name, bytes);
      const hash = createHash('sha256');
      for (let left = bytes; left > 0;) {
        this.#signal.throwIfAborted();
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(chunkBytes, left)));
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was backed up`);
        const chunk = buffer.subarray(0, bytesRead);
        hash.update(chunk);
        await this.#write(chunk);
        left -= bytesRead;
      }
      await this.#finish(name, bytes, hash.digest('hex'));
    } finally {
      await file.close();
    }
  }

  /** Writes the manifest and the end of the archive. */
  async end(): Promise<void> {
    await this.addText(manifestName, `${JSON.stringify({ members: this.#entries })}\n`);
    await this.#write(Buffer.alloc(2 * blockBytes));
  }

  async #begin(name: string, size: number): Promise<void> {
    this.#signal.throwIfAborted();
    await this.#write(encodeHeader({ name, size }, this.#at));
  }

  async #finish(name: string, size: number, sha256: string): Promise<void> {
    this.#entries.push({ name, size, sha256 });
    await this.#write(Buffer.alloc(paddingOf(size)));
  }

  async #write(chunk: Buffer): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (chunk.length === 0) return;
    this.#sizeBytes += chunk.length;
    await new Promise<void>((resolve, reject) => {
      this.#target.write(chunk, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}
