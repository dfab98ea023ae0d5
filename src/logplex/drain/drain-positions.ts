import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../log.ts';
import { replaceFile } from '../../lib/atomic-file.ts';
import type { LogDrainId } from '../../model/ids.ts';

/** Where a logplex keeps how far its drains have come, next to the apps' folders: no app id begins with a dot. */
export const drainsFolder = '.drains';

/** How far a drain has come. */
export interface DrainPosition {
  /** Number of the last line that was delivered or given up. */
  readonly after: number;
  /** Milliseconds since 1970: when that was. */
  readonly at: number;
  /** The batch that is being sent: it ends with line `to`, and goes out under the same id again. */
  readonly sending: { readonly to: number; readonly id: string } | null;
}

/** A small file per drain, replaced before and after each batch. Losing one costs repeated or skipped lines, nothing else. */
export class DrainPositions {
  readonly #dir: string;
  readonly #log: Logger;
  readonly #found: Map<LogDrainId, DrainPosition>;

  private constructor(dir: string, log: Logger, found: Map<LogDrainId, DrainPosition>) {
    this.#dir = dir;
    this.#log = log;
    this.#found = found;
  }

  static async open(dir: string, log: Logger): Promise<DrainPositions> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const found = new Map<LogDrainId, DrainPosition>();
    for (const name of await readdir(dir)) {
      const position = parsePosition(await readFile(join(dir, name), 'utf8').catch(() => ''));
      if (position === null) await rm(join(dir, name), { recursive: true, force: true });
      else found.set(name as LogDrainId, position);
    }
    return new DrainPositions(dir, log, found);
  }

  /** As it was at the start. */
  find(id: LogDrainId): DrainPosition | null {
    return this.#found.get(id) ?? null;
  }

  async save(id: LogDrainId, position: DrainPosition): Promise<void> {
    try {
      await replaceFile(join(this.#dir, id), JSON.stringify(position), 0o600);
    } catch (error) {
      this.#log.error({ err: error, drain: id }, 'the position of a log drain could not be kept');
    }
  }

  async forget(id: LogDrainId): Promise<void> {
    this.#found.delete(id);
    await rm(join(this.#dir, id), { force: true });
  }

  /** Removes the positions of drains that are gone. */
  async sweep(keep: ReadonlySet<LogDrainId>): Promise<void> {
    for (const id of this.#found.keys()) if (!keep.has(id)) await this.forget(id);
  }
}

function parsePosition(text: string): DrainPosition | null {
  try {
    const position = JSON.parse(text) as DrainPosition;
    return Number.isSafeInteger(position.after) && Number.isFinite(position.at) ? position : null;
  } catch {
    return null;
  }
}
