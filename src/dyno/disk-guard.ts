import { readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { FolderWatch } from '../lib/folder-watch.ts';
import type { DiskKill } from '../model/process-group.ts';
import type { DynoFolder } from './dyno-folder.ts';
import { readdirIfThere } from '../lib/read-if-there.ts';
import { descendantsOf } from './process-tree.ts';

/** In the folder of a dyno beside what it writes: its output, and the tables of its file system. */
const ownBytes = 32 * 1024 * 1024;
const maxFiles = 20_000;

export interface DiskGuarded {
  /** Its folder, one of those that are watched. */
  readonly folder: DynoFolder;
  readonly limitBytes: number;
  /** Null once the dyno has ended. */
  supervisor(): number | null;
  /** SIGKILL to all of it. */
  kill(): void;
}

/** Ends a dyno that has written more than it may, where it has no file system of its own that would have refused. */
export class DiskGuard {
  readonly #unwatch: () => void;
  #found: DiskKill | null = null;

  constructor(watch: FolderWatch, guarded: DiskGuarded) {
    const { limitBytes, folder } = guarded;
    this.#unwatch = watch.watch(basename(folder.path), {
      limitBytes: limitBytes + ownBytes,
      // With a file system of its own they count already.
      hiddenBytes: () => (folder.disk === null ? namelessBytes(guarded.supervisor(), folder.path) : 0),
      onOver: (usedBytes) => {
        if (guarded.supervisor() === null) return;
        this.#found = { limitBytes, usedBytes };
        guarded.kill();
      },
    });
  }

  /** At the end of the dyno: why it has ended, if its disk is why. */
  conclude(): DiskKill | null {
    this.#unwatch();
    return this.#found;
  }
}

/** Of files that are removed and still open: nobody finds them in a folder. */
function namelessBytes(supervisor: number | null, dir: string): number {
  if (supervisor === null) return 0;
  const seen = new Map<string, number>();
  let looked = 0;
  for (const pid of descendantsOf(supervisor)) {
    for (const fd of readdirIfThere(`/proc/${pid}/fd`)) {
      looked += 1;
      if (looked > maxFiles) return sum(seen);
      addIfNameless(`/proc/${pid}/fd/${fd}`, dir, seen);
    }
  }
  return sum(seen);
}

/** In memory file systems they count as memory. Without a sandbox the name begins with the dyno's folder, wherever that is. */
function addIfNameless(link: string, dir: string, seen: Map<string, number>): void {
  try {
    const name = readlinkSync(link);
    if (!name.endsWith(' (deleted)')) return;
    if (!name.startsWith(`${dir}/`) && /^\/(memfd:|dev\/|run\/|var\/tmp\/)/.test(name)) return;
    const { dev, ino, blocks } = statSync(link);
    seen.set(`${dev}:${ino}`, blocks * 512);
  } catch {
    return; // closed meanwhile, or not ours to look at
  }
}

function sum(seen: ReadonlyMap<string, number>): number {
  return [...seen.values()].reduce((total, bytes) => total + bytes, 0);
}
