import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../log.ts';
import type { AppId } from '../model/ids.ts';
import { OutputWriter } from './output-writer.ts';
import { readStream, type StreamReading } from './read-stream.ts';

/** What is kept of one stream. */
const maxStreamBytes = 16 * 1024 * 1024;
const keptMs = 30 * 24 * 60 * 60_000;

/**
 * The output of builds and of release commands, one file each, `<app>/<id>`: written while it is made, read by any number
 * of clients then and for 30 days after. The first 16 MiB are kept. A stream that nobody writes has ended, also when the
 * platform was killed in the middle of it.
 */
export class OutputStreams implements AsyncDisposable {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #live = new Map<string, OutputWriter>();

  constructor(dir: string, log: Logger) {
    this.#dir = dir;
    this.#log = log;
  }

  /** Begins the stream of a build or a release; disposing the writer ends it, for its readers too. */
  open(appId: AppId, id: string): OutputWriter {
    const path = this.#path(appId, id);
    const writer = new OutputWriter(path, maxStreamBytes, {
      onFailure: (error) => {
        this.#log.warn({ app: appId, stream: id, err: error }, 'output not kept');
      },
      onEnd: () => this.#live.delete(path),
    });
    this.#live.set(path, writer);
    return writer;
  }

  /** Null: it has not begun, or is not kept any more. `from`: the first byte wanted. */
  async read(appId: AppId, id: string, from: number, signal: AbortSignal): Promise<StreamReading | null> {
    const path = this.#path(appId, id);
    const live = this.#live.get(path);
    if (live === undefined && !(await exists(path))) return null;
    return readStream(path, live ?? null, from, signal);
  }

  async remove(appId: AppId): Promise<void> {
    await rm(join(this.#dir, appId), { recursive: true, force: true });
  }

  /** Removes the streams of apps that are gone, and those older than `maxAgeMs`. */
  async sweep(apps: ReadonlySet<string>, maxAgeMs = keptMs): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    for (const app of await readdir(this.#dir)) {
      if (!apps.has(app)) await rm(join(this.#dir, app), { recursive: true, force: true });
      else await this.#removeOld(join(this.#dir, app), maxAgeMs);
    }
  }

  /** Lets what was written reach the disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#live.values()].map((writer) => writer[Symbol.asyncDispose]()));
  }

  async #removeOld(folder: string, maxAgeMs: number): Promise<void> {
    for (const name of await readdir(folder)) {
      if (this.#live.has(join(folder, name))) continue;
      const stats = await stat(join(folder, name)).catch(() => null);
      if (stats !== null && stats.mtimeMs < Date.now() - maxAgeMs) await rm(join(folder, name), { force: true });
    }
  }

  #path(appId: AppId, id: string): string {
    return join(this.#dir, appId, id);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
