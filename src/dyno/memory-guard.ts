import type { MemoryKill, ProcessGroup } from '../model/process-group.ts';
import { treeUsage } from './tree-usage.ts';

const lookEveryMs = 1000;

export interface Guarded {
  readonly group: ProcessGroup;
  /** Null once the dyno has ended. */
  supervisor(): number | null;
  readonly limitBytes: number;
  /** SIGKILL to all of it. */
  kill(): void;
}

/**
 * Ends a dyno that has used up its memory. Where the kernel keeps the limit it has killed one process by then, and the rest of a dyno
 * without it is no dyno; where it does not, the memory of all processes is added up here once a second. Disposing stops looking.
 */
export class MemoryGuard {
  readonly #guarded: Guarded;
  readonly #timer: NodeJS.Timeout;
  #found: MemoryKill | null = null;
  #isLooking = false;

  constructor(guarded: Guarded) {
    this.#guarded = guarded;
    this.#timer = setInterval(() => void this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  /** At the end of the dyno: why it has ended, if memory is why. */
  async conclude(): Promise<MemoryKill | null> {
    clearInterval(this.#timer);
    this.#found ??= await this.#guarded.group.memoryKill().catch(() => null);
    return this.#found;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  // Private

  async #look(): Promise<void> {
    const root = this.#guarded.supervisor();
    if (this.#isLooking || this.#found !== null || root === null) return;
    this.#isLooking = true;
    try {
      this.#found = (await this.#guarded.group.memoryKill()) ?? (await this.#addUp(root));
      if (this.#found !== null) this.#guarded.kill();
    } catch {
      return; // it may just be ending; the next look will tell
    } finally {
      this.#isLooking = false;
    }
  }

  /** Null also where the kernel counts: there it decides. */
  async #addUp(root: number): Promise<MemoryKill | null> {
    const { group, limitBytes } = this.#guarded;
    if ((await group.memory()) !== null) return null;
    const { rssBytes, swapBytes, largest } = treeUsage(root);
    const usedBytes = rssBytes + swapBytes;
    return usedBytes > limitBytes ? { limitBytes, usedBytes, process: largest?.name ?? null } : null;
  }
}
