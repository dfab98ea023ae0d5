import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FolderWatch } from '../lib/folder-watch.ts';
import { isAlive, type ProcessIdentity } from '../lib/process-identity.ts';
import type { AttachedProcess, DynoSpec, DynoUsage, Exit, MeteredDyno, TerminalSize } from '../model/dyno.ts';
import type { DynoId, Sha256 } from '../model/ids.ts';
import type { NetworkLink, SandboxNetwork } from '../model/network.ts';
import type { ProcessGroups } from '../model/process-group.ts';
import { startAttached, type AttachedCommand, type Sandbox } from '../supervisor/index.ts';
import { dynoFolder, findDynoFolder, makeDynoFolder, removeDynoFolder, type DynoFolder } from './dyno-folder.ts';
import type { DynoPlace } from './connect-to.ts';
import { DiskGuard } from './disk-guard.ts';
import { diskLimit } from './dyno-size.ts';
import { groupLimits, groupName, sandboxedDyno } from './launch.ts';
import { MemoryGuard } from './memory-guard.ts';
import { processInside } from './process-tree.ts';
import { dynoUsage } from './tree-usage.ts';

/** At the end of the platform, for what is left of the attached dynos. */
const closeMs = 5_000;

export interface AttachedDynosOptions {
  readonly dir: string;
  readonly sandbox: Sandbox;
  readonly groups: ProcessGroups;
  readonly network: SandboxNetwork | null;
  readonly disk: { readonly bytes: number; readonly hasImages: boolean };
  readonly watch: FolderWatch;
  readonly slugs: {
    unpacked(sha: Sha256, uid: number): Promise<string>;
    hold(sha: Sha256, uid: number): () => void;
  };
  /** Nothing of the dyno is left, and nothing of its slug is used by it. */
  readonly onGone: (spec: DynoSpec) => void;
}

interface Attached {
  readonly spec: DynoSpec;
  readonly command: AttachedCommand;
  readonly usage: () => Promise<DynoUsage | null>;
  readonly hasOwnNetwork: boolean;
}

/**
 * Dynos that somebody talks to, and commands inside of dynos. They are on no record, so that the folder of one that was
 * ended with the platform is removed at the next start like that of any start that a crash cut short.
 */
export class AttachedDynos implements AsyncDisposable {
  readonly #options: AttachedDynosOptions;
  readonly #starting = new Set<DynoId>();
  readonly #running = new Map<DynoId, Attached>();
  readonly #processes = new Set<AttachedProcess>();

  constructor(options: AttachedDynosOptions) {
    this.#options = options;
  }

  has(id: DynoId): boolean {
    return this.#starting.has(id) || this.#running.has(id);
  }

  async start(spec: DynoSpec, terminal: TerminalSize | null): Promise<AttachedProcess> {
    const { dir, sandbox, slugs, groups, network, disk, watch, onGone } = this.#options;
    const folder = dynoFolder(join(dir, spec.id), disk.hasImages);
    const release = slugs.hold(spec.slug, spec.uid);
    let link: NetworkLink | null = null;
    const leave = async (): Promise<void> => {
      await groups.find(groupName(spec.id)).remove();
      await removeDynoFolder(folder);
      if (link !== null) network?.free(link.address);
      release();
      onGone(spec);
    };
    this.#starting.add(spec.id);
    try {
      const lower = await slugs.unpacked(spec.slug, spec.uid);
      await makeDynoFolder(folder, spec, { reachable: !sandbox.hasPrivatePaths, diskBytes: disk.bytes });
      const limits = groupLimits(spec);
      const group = await groups.make(groupName(spec.id), limits);
      link = network?.link(spec.id) ?? null;
      const wrapped = sandbox.wrap(sandboxedDyno(spec, lower, folder, terminal, group, link));
      const command = startAttached(wrapped, spec.name);
      const guarded = {
        supervisor: () => (this.#running.has(spec.id) ? command.pid : null),
        kill: () => {
          command.kill();
        },
      };
      const guard = new MemoryGuard({ ...guarded, group, limitBytes: limits.memoryBytes });
      const limitBytes = diskLimit(spec, disk.bytes);
      const diskGuard = new DiskGuard(watch, { ...guarded, folder, limitBytes });
      const usage = (): Promise<DynoUsage | null> =>
        this.#running.has(spec.id) ? dynoUsage(group, command.pid) : Promise.resolve(null);
      this.#running.set(spec.id, { spec, command, usage, hasOwnNetwork: link !== null });
      return this.#process(command, usage, async () => {
        const [memoryKill, diskKill] = [await guard.conclude(), diskGuard.conclude()];
        await leave();
        this.#running.delete(spec.id);
        if (memoryKill !== null) return { memoryKill };
        return diskKill === null ? {} : { diskKill };
      });
    } catch (error) {
      await leave();
      throw error;
    } finally {
      this.#starting.delete(spec.id);
    }
  }

  enter(id: DynoId, spec: Pick<DynoSpec, 'command' | 'env'>, terminal: TerminalSize | null): AttachedProcess | null {
    const attached = this.#running.get(id);
    if (attached === undefined) return null;
    return this.#enter(attached.command.pid, { ...attached.spec, ...spec }, terminal);
  }

  get metered(): readonly MeteredDyno[] {
    return [...this.#running.values()];
  }

  /** Null when it does not run. */
  placeOf(id: DynoId): DynoPlace | null {
    const attached = this.#running.get(id);
    return attached === undefined ? null : { supervisor: attached.command.pid, hasOwnNetwork: attached.hasOwnNetwork };
  }

  /** The same for a dyno of the formation. */
  enterTree(supervisor: ProcessIdentity, spec: DynoSpec, terminal: TerminalSize | null): AttachedProcess | null {
    return isAlive(supervisor) ? this.#enter(supervisor.pid, spec, terminal) : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const processes = [...this.#processes];
    for (const process of processes) process.abandon();
    const ended = Promise.allSettled(processes.map(({ exited }) => exited));
    await Promise.race([ended, delay(closeMs, null, { ref: false })]);
  }

  // Private

  #enter(supervisor: number, spec: DynoSpec, terminal: TerminalSize | null): AttachedProcess | null {
    const { dir, sandbox, groups } = this.#options;
    const folder: DynoFolder = findDynoFolder(join(dir, spec.id));
    const pid = sandbox.hasPrivatePaths ? processInside(supervisor) : supervisor;
    if (pid === null) return null;
    const seen = sandboxedDyno(spec, '', folder, terminal, groups.find(groupName(spec.id)));
    // The dyno's own files are there already.
    const wrapped = sandbox.wrapInside(pid, { ...seen, app: { kind: 'bind', dir: folder.upper } });
    return this.#process(
      startAttached(wrapped, spec.name),
      () => Promise.resolve(null),
      () => Promise.resolve({}),
    );
  }

  /** `cleanUp`: tells whether memory or the disk was the end of it. */
  #process(
    command: AttachedCommand,
    usage: AttachedProcess['usage'],
    cleanUp: () => Promise<Pick<Exit, 'memoryKill' | 'diskKill'>>,
  ): AttachedProcess {
    const { input, output } = command;
    const exited = command.exited
      .then(async (status) => {
        const at = new Date();
        return { status, signal: null, at, ...(await cleanUp()) };
      })
      .finally(() => this.#processes.delete(process));
    const process: AttachedProcess = {
      input,
      output,
      usage,
      exited,
      signal: (name) => {
        command.signal(name);
      },
      resize: (size) => {
        command.resize(size);
      },
      kill: () => {
        command.kill();
      },
      abandon: () => {
        command.abandon();
      },
    };
    this.#processes.add(process);
    return process;
  }
}
