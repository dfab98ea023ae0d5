import { setTimeout as delay } from 'node:timers/promises';
import type { DynoOutput, DynoSpec, Exit, RunningDyno } from '../model/dyno.ts';
import { isAlive, signalProcess, type ProcessIdentity, type SpoolChunk } from '../supervisor/index.ts';
import { loadEnding, removeDynoFolder, type DynoFolder, type DynoRecord } from './dyno-folder.ts';
import { treeListensOn } from './listening.ts';
import { OutputTail } from './output-tail.ts';
import { strayProcesses } from './process-tree.ts';

/** A dyno of this machine. All that is known of it comes from its folder, so one that was adopted is like any other. */
export class LocalDyno implements RunningDyno {
  readonly spec: DynoSpec;
  readonly startedAt: Date;
  readonly exited: Promise<Exit | null>;
  readonly #folder: DynoFolder;
  readonly #supervisor: ProcessIdentity;
  readonly #tail: OutputTail;
  readonly #onRemoved: () => void;
  #hasEnded = false;

  constructor(
    record: DynoRecord,
    folder: DynoFolder,
    output: { readonly from: number; readonly hand: (output: DynoOutput) => void },
    onRemoved: () => void,
  ) {
    this.spec = record.spec;
    this.startedAt = record.startedAt;
    this.#folder = folder;
    this.#supervisor = record.supervisor;
    this.#onRemoved = onRemoved;
    this.#tail = new OutputTail(
      folder.out,
      output.from,
      (chunk) => {
        output.hand(this.#outputOf(chunk));
      },
      // In this order: the supervisor ends just after it has told the ending. If it ended without, that counts, too.
      async () => {
        const lost = !isAlive(this.#supervisor);
        const ending = await loadEnding(folder);
        return ending ?? (lost ? { lines: null } : null);
      },
    );
    this.exited = this.#end();
  }

  /** Null once the dyno has ended. */
  get supervisor(): ProcessIdentity | null {
    return this.#hasEnded ? null : this.#supervisor;
  }

  isListening(): Promise<boolean> {
    const { port } = this.spec;
    return Promise.resolve(port !== null && isAlive(this.#supervisor) && treeListensOn(this.#supervisor.pid, port));
  }

  terminate(): Promise<void> {
    signalProcess(this.#supervisor, 'SIGTERM');
    return Promise.resolve();
  }

  kill(): Promise<void> {
    signalProcess(this.#supervisor, 'SIGQUIT');
    return Promise.resolve();
  }

  async remove(): Promise<void> {
    await this.letGo();
    await removeDynoFolder(this.#folder);
    this.#onRemoved();
  }

  /** Stops following; the dyno goes on, and `exited` stays open. */
  async letGo(): Promise<void> {
    this.#tail.stop();
    await this.#tail.done;
  }

  async #end(): Promise<Exit | null> {
    const readAll = await this.#tail.done;
    if (!readAll) return new Promise(() => undefined);
    this.#hasEnded = true;
    const ending = await loadEnding(this.#folder);
    if (ending === null) await killStrays(this.#folder.path);
    return ending?.exit ?? null;
  }

  #outputOf(chunk: SpoolChunk): DynoOutput {
    const { id, appId, name } = this.spec;
    return {
      dynoId: id,
      appId,
      name,
      atMicros: chunk.atMicros,
      bytes: chunk.bytes,
      cursor: chunk.lines,
      droppedLines: chunk.dropped,
    };
  }
}

/** After the loss of a supervisor the kernel has ended the sandbox, or on the lowest rung at least the main process. */
async function killStrays(path: string): Promise<void> {
  for (let pass = 0; pass < 50; pass++) {
    const strays = strayProcesses(path);
    if (strays.length === 0) return;
    for (const pid of strays) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        continue; // gone meanwhile
      }
    }
    await delay(10);
  }
}
