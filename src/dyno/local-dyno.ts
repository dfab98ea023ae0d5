import { setTimeout as delay } from 'node:timers/promises';
import type { FolderWatch } from '../lib/folder-watch.ts';
import { isAlive, signalProcess, type ProcessIdentity } from '../lib/process-identity.ts';
import type { DynoOutput, DynoSpec, DynoUsage, Exit, ListeningPlace, RunningDyno } from '../model/dyno.ts';
import type { ProcessGroup } from '../model/process-group.ts';
import type { SpoolChunk } from '../supervisor/index.ts';
import { isOfThisBoot } from './boot-id.ts';
import type { DynoPlace } from './connect-to.ts';
import { loadEnding, removeDynoFolder, type DynoFolder, type DynoRecord } from './dyno-folder.ts';
import { DiskGuard } from './disk-guard.ts';
import { diskLimit } from './dyno-size.ts';
import { groupLimits } from './launch.ts';
import { findListener, findListeningPlaces } from './listening.ts';
import { MemoryGuard } from './memory-guard.ts';
import { OutputTail } from './output-tail.ts';
import { strayProcesses } from './process-tree.ts';
import { dynoUsage } from './tree-usage.ts';

/** What keeps a dyno to its limits from outside. */
export interface DynoBounds {
  readonly group: ProcessGroup;
  readonly watch: FolderWatch;
  readonly diskBytes: number;
}

export interface LocalDynoEvents {
  onOutput(output: DynoOutput): void;
  /** What it writes can't be read any more, so nobody could tell its end from its silence. */
  onFault(error: unknown): void;
  /** Nothing of it is left. */
  onRemoved(): void;
}

/** A dyno of this machine. All that is known of it comes from its folder, so one that was adopted is like any other. */
export class LocalDyno implements RunningDyno {
  readonly spec: DynoSpec;
  readonly startedAt: Date;
  readonly host: string;
  readonly exited: Promise<Exit | null>;
  readonly #folder: DynoFolder;
  readonly #record: DynoRecord;
  readonly #tail: OutputTail;
  readonly #events: LocalDynoEvents;
  readonly #group: ProcessGroup;
  readonly #guard: MemoryGuard;
  readonly #diskGuard: DiskGuard;
  #hasEnded = false;

  /** `from`: the position of the last output that is known already. */
  constructor(record: DynoRecord, folder: DynoFolder, bounds: DynoBounds, from: number, events: LocalDynoEvents) {
    this.spec = record.spec;
    this.startedAt = record.startedAt;
    this.host = record.address ?? '127.0.0.1';
    this.#folder = folder;
    this.#record = record;
    this.#events = events;
    this.#group = bounds.group;
    const guarded = {
      supervisor: () => (this.#isAlive ? record.supervisor.pid : null),
      kill: () => {
        this.#signal('SIGQUIT');
      },
    };
    const { memoryBytes } = groupLimits(record.spec);
    this.#guard = new MemoryGuard({ ...guarded, group: bounds.group, limitBytes: memoryBytes });
    const limitBytes = diskLimit(record.spec, bounds.diskBytes);
    this.#diskGuard = new DiskGuard(bounds.watch, { ...guarded, folder, limitBytes });
    this.#tail = new OutputTail(
      folder.out,
      from,
      (chunk) => {
        events.onOutput(this.#outputOf(chunk));
      },
      // In this order: the supervisor ends just after it has told the ending. If it ended without, that counts, too.
      async () => {
        const lost = !this.#isAlive;
        const ending = await loadEnding(folder);
        return ending ?? (lost ? { lines: null } : null);
      },
    );
    this.exited = this.#end();
  }

  /** Null once the dyno has ended. */
  get supervisor(): ProcessIdentity | null {
    return this.#hasEnded || !isOfThisBoot(this.#record) ? null : this.#record.supervisor;
  }

  /** Null once the dyno has ended. */
  get place(): DynoPlace | null {
    const supervisor = this.supervisor?.pid;
    return supervisor === undefined ? null : { supervisor, hasOwnNetwork: this.#record.address !== undefined };
  }

  async isListening(): Promise<boolean> {
    const { port } = this.spec;
    if (port === null || !this.#isAlive) return false;
    const listener = await findListener(this.#record.supervisor.pid, port);
    // Nobody comes in to the loopback of a network of its own.
    return listener === 'open' || (listener === 'loopback' && this.#record.address === undefined);
  }

  async listeningPlaces(): Promise<readonly ListeningPlace[]> {
    return this.#isAlive ? findListeningPlaces(this.#record.supervisor.pid) : [];
  }

  afterOutput(atMicros: bigint, then: () => void): void {
    this.#tail.after(atMicros, then);
  }

  async usage(): Promise<DynoUsage | null> {
    if (this.#hasEnded || !this.#isAlive) return null;
    return dynoUsage(this.#group, this.#record.supervisor.pid);
  }

  terminate(): Promise<void> {
    this.#signal('SIGTERM');
    return Promise.resolve();
  }

  kill(): Promise<void> {
    this.#signal('SIGQUIT');
    return Promise.resolve();
  }

  async remove(): Promise<void> {
    await this.letGo();
    await this.#group.remove();
    await removeDynoFolder(this.#folder);
    this.#events.onRemoved();
  }

  /** Stops following; the dyno goes on, and `exited` stays open. */
  async letGo(): Promise<void> {
    this.#guard.stop();
    this.#diskGuard.conclude();
    this.#tail.stop();
    await this.#tail.done.catch(() => false);
  }

  // Private

  get #isAlive(): boolean {
    return isOfThisBoot(this.#record) && isAlive(this.#record.supervisor);
  }

  #signal(signal: NodeJS.Signals): void {
    if (isOfThisBoot(this.#record)) signalProcess(this.#record.supervisor, signal);
  }

  async #end(): Promise<Exit | null> {
    try {
      const readAll = await this.#tail.done;
      if (!readAll) return await new Promise(() => undefined);
    } catch (error) {
      this.#events.onFault(error);
      this.#signal('SIGQUIT');
      while (this.#isAlive) await delay(10);
    }
    this.#hasEnded = true;
    const ending = await loadEnding(this.#folder).catch(() => null);
    if (ending === null) await killStrays(this.#folder.path);
    const memoryKill = await this.#guard.conclude();
    const diskKill = this.#diskGuard.conclude();
    // A machine that is shut down ends every dyno, and none of them has crashed: how they took it is of no interest.
    if (!isOfThisBoot(this.#record) || ending === null) return null;
    if (memoryKill !== null) return { ...ending.exit, memoryKill };
    return diskKill === null ? ending.exit : { ...ending.exit, diskKill };
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
