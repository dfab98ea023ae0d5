import { freeSpace } from './free-space.ts';
import { measureFolder } from './measure-folder.ts';

export interface WatchedFolder {
  readonly limitBytes: number;
  /** What it uses in files that have no name any more, as far as its owner can tell. */
  hiddenBytes?(): number;
  /** Called once, with what it uses. */
  onOver(usedBytes: number): void;
}

const lookEveryMs = 1_000;
/** With no sign that anything grows it is still measured this often: one may grow while another shrinks. */
const measureEveryMs = 30_000;
/** Measuring takes no more than this part of the time, as long as nobody is left alone for too long. */
const dutyPart = 1 / 10;
const maxRestMs = 20_000;
const leastGrowth = { bytes: 8 * 1024 * 1024, files: 2_000 };

/**
 * Tells when one of the folders of `dir` takes more of the disk than it may. Every second it asks how much of the disk is free, which
 * costs nothing, and only when that has become less, or half a minute has passed, what each folder holds.
 */
export class FolderWatch implements Disposable {
  readonly #dir: string;
  readonly #watched = new Map<string, WatchedFolder>();
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;
  #before = { freeBytes: 0, freeInodes: 0, atMs: -Infinity, restUntilMs: -Infinity };

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Until the returned function is called. `name`: of a folder in `dir`. */
  watch(name: string, watched: WatchedFolder): () => void {
    this.#watched.set(name, watched);
    this.#timer ??= setInterval(() => void this.#look(), lookEveryMs).unref();
    return () => {
      if (this.#watched.get(name) === watched) this.#watched.delete(name);
      if (this.#watched.size === 0) this[Symbol.dispose]();
    };
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  // Private

  async #look(): Promise<void> {
    if (this.#isLooking || performance.now() < this.#before.restUntilMs) return;
    this.#isLooking = true;
    try {
      const { freeBytes, freeInodes } = await freeSpace(this.#dir);
      const { freeBytes: bytesBefore, freeInodes: inodesBefore, atMs } = this.#before;
      const hasGrown = freeBytes < bytesBefore - leastGrowth.bytes || freeInodes < inodesBefore - leastGrowth.files;
      // What was freed meanwhile may be taken by another.
      this.#before.freeBytes = Math.max(bytesBefore, freeBytes);
      this.#before.freeInodes = Math.max(inodesBefore, freeInodes);
      const startMs = performance.now();
      if (!hasGrown && startMs < atMs + measureEveryMs) return;
      const { parts } = await measureFolder(this.#dir);
      const endMs = performance.now();
      this.#before = {
        freeBytes,
        freeInodes,
        atMs: endMs,
        restUntilMs: endMs + Math.min((endMs - startMs) / dutyPart, maxRestMs),
      };
      this.#judge(parts);
    } catch {
      return; // the next look will tell
    } finally {
      this.#isLooking = false;
    }
  }

  #judge(parts: ReadonlyMap<string, number>): void {
    for (const [name, watched] of this.#watched) {
      const usedBytes = (parts.get(name) ?? 0) + (watched.hiddenBytes?.() ?? 0);
      if (usedBytes <= watched.limitBytes) continue;
      this.#watched.delete(name);
      watched.onOver(usedBytes);
    }
  }
}
