import { link, mkdir, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { download, DownloadError } from '../lib/download.ts';
import { freeSpace } from '../lib/free-space.ts';
import { KeyedQueue } from '../lib/keyed-queue.ts';

const maxFileBytes = 4 * 1024 ** 3;
/** Recording is the last thing that a disk is for. */
const leftFreeBytes = 1024 ** 3;

export interface RecordOptions {
  /** The mirror's folder. */
  readonly dir: string;
  /** Origins inside private networks that may be recorded from. */
  readonly privateOrigins: readonly string[];
  /** Fires when the mirror closes. */
  readonly signal: AbortSignal;
}

/** Fetches into the mirror what it has not, each file once, however many ask for it. */
export class Recorder {
  readonly #options: RecordOptions;
  readonly #turns = new KeyedQueue<string>();

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  /** `path` as of mirrorPath. Throws a DownloadError when it can't be had. */
  async keep(url: URL, path: string): Promise<void> {
    await this.#turns.run(path, async () => {
      const file = join(this.#options.dir, path);
      if (await stat(file).catch(() => null)) return;
      await this.#fetch(url, file);
    });
  }

  async #fetch(url: URL, file: string): Promise<void> {
    const { dir, privateOrigins, signal } = this.#options;
    if ((await freeSpace(dir)).freeBytes < leftFreeBytes)
      throw new DownloadError(`the disk of the mirror has less than ${leftFreeBytes / 1024 ** 3} GB left`);
    const incoming = join(dir, `.incoming-${randomUUID()}`);
    try {
      await download(url, { file: incoming, maxBytes: maxFileBytes, privateOrigins, signal });
      await mkdir(dirname(file), { recursive: true });
      await link(incoming, file);
    } finally {
      await rm(incoming, { force: true });
    }
  }
}
