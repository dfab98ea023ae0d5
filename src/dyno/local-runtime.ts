import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FolderWatch } from '../lib/folder-watch.ts';
import { isAlive } from '../lib/process-identity.ts';
import type { Logger } from '../log.ts';
import type {
  AttachedProcess,
  Connection,
  DynoOutput,
  DynoRuntime,
  DynoSpec,
  MeteredDyno,
  RunningDyno,
  TerminalSize,
} from '../model/dyno.ts';
import type { AppId, DynoId, Sha256 } from '../model/ids.ts';
import type { NetworkLink, SandboxNetwork } from '../model/network.ts';
import type { ProcessGroups } from '../model/process-group.ts';
import { startSupervisor, type Sandbox } from '../supervisor/index.ts';
import { bootId, isOfThisBoot } from './boot-id.ts';
import {
  dynoFolder,
  findDynoFolder,
  loadRecord,
  makeDynoFolder,
  removeDynoFolder,
  saveRecord,
  type DynoRecord,
} from './dyno-folder.ts';
import { AttachedDynos } from './attached-dynos.ts';
import { groupLimits, groupName, sandboxedDyno } from './launch.ts';
import { connectTo } from './connect-to.ts';
import { findListener } from './listening.ts';
import { LocalDyno } from './local-dyno.ts';
import { processInside } from './process-tree.ts';

/** The rest of an ended dyno's output is on disk already. */
const endPatienceMs = 5_000;

export interface LocalRuntimeOptions {
  /** One folder per dyno is made here; nothing else may lie in it. */
  readonly dir: string;
  readonly sandbox: Sandbox;
  readonly groups: ProcessGroups;
  /** Null: dynos are on the machine's network. */
  readonly network: SandboxNetwork | null;
  /** `bytes`: what a dyno of 512 MB of memory may write. `hasImages`: each gets a file system of its own for it. */
  readonly disk: { readonly bytes: number; readonly hasImages: boolean };
  readonly slugs: {
    unpacked(sha: Sha256, uid: number): Promise<string>;
    /** Keeps the tree where it is until the returned function is called. */
    hold(sha: Sha256, uid: number): () => void;
  };
  /** Called when a dyno has ended and nothing of it is left: it uses its slug no more. */
  readonly onGone: (spec: DynoSpec) => void;
  /** Gets whole lines, in order; the last one of a dyno may lack its LF, and one of more than 10,000 bytes comes in pieces. */
  readonly onOutput: (output: DynoOutput) => void;
  /** The `cursor` of the last output that is safely in the log; null: none. */
  readonly cursorOf: (appId: AppId, dynoId: DynoId) => number | null;
  readonly log: Logger;
}

/** Runs dynos on this machine, each under a supervisor of its own that outlives us. Disposing lets go of them. */
export async function openLocalRuntime(options: LocalRuntimeOptions): Promise<DynoRuntime> {
  // On the lowest rung the apps' users must be able to walk to their folders.
  await mkdir(options.dir, { recursive: true, mode: options.sandbox.hasPrivatePaths ? 0o700 : 0o711 });
  const known = await readdir(options.dir);
  await options.groups.sweep(new Set(known.map((id) => groupName(id as DynoId))));
  return new LocalRuntime(options);
}

class LocalRuntime implements DynoRuntime {
  readonly #options: LocalRuntimeOptions;
  readonly #dynos = new Map<DynoId, LocalDyno>();
  readonly #attached: AttachedDynos;
  readonly #watch: FolderWatch;

  constructor(options: LocalRuntimeOptions) {
    this.#options = options;
    this.#watch = new FolderWatch(options.dir);
    this.#attached = new AttachedDynos({ ...options, watch: this.#watch });
  }

  async start(spec: DynoSpec): Promise<RunningDyno> {
    const { dir, sandbox, slugs, groups, network, disk, onGone } = this.#options;
    const folder = dynoFolder(join(dir, spec.id), disk.hasImages);
    const startedAt = new Date();
    const release = slugs.hold(spec.slug, spec.uid);
    let link: NetworkLink | null = null;
    try {
      const lower = await slugs.unpacked(spec.slug, spec.uid);
      await makeDynoFolder(folder, spec, { reachable: !sandbox.hasPrivatePaths, diskBytes: disk.bytes });
      const group = await groups.make(groupName(spec.id), groupLimits(spec));
      link = network?.link(spec.id) ?? null;
      const place = link === null ? {} : { address: link.address };
      const bounds = { diskBytes: disk.bytes };
      const supervisor = await startSupervisor({
        dir: folder.out,
        command: sandbox.wrap(sandboxedDyno(spec, lower, folder, null, group, link)),
        label: spec.name,
        onReady: (identity) =>
          saveRecord(folder, { spec, supervisor: identity, startedAt, bootId, ...place, ...bounds }),
      });
      return this.#follow({ spec, supervisor, startedAt, bootId, ...place, ...bounds }, 0);
    } catch (error) {
      await groups.find(groupName(spec.id)).remove();
      await removeDynoFolder(folder);
      if (link !== null) network?.free(link.address);
      onGone(spec);
      throw error;
    } finally {
      // From here on the dyno itself holds it.
      release();
    }
  }

  async adopt(): Promise<readonly RunningDyno[]> {
    const adopted: RunningDyno[] = [];
    for (const name of await readdir(this.#options.dir)) {
      if (this.#dynos.has(name as DynoId) || this.#attached.has(name as DynoId)) continue;
      const record = await this.#loadOrRemove(name);
      if (record === null) continue;
      const { appId, id } = record.spec;
      const dyno = this.#follow(record, this.#options.cursorOf(appId, id) ?? 0);
      // One that ended without us has its end known before anybody asks what it does.
      if (!isOfThisBoot(record) || !isAlive(record.supervisor))
        await Promise.race([dyno.exited, delay(endPatienceMs, null, { ref: false })]);
      adopted.push(dyno);
    }
    return adopted.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  }

  startAttached(spec: DynoSpec, terminal: TerminalSize | null): Promise<AttachedProcess> {
    return this.#attached.start(spec, terminal);
  }

  enter(
    dynoId: DynoId,
    spec: Pick<DynoSpec, 'command' | 'env'>,
    terminal: TerminalSize | null,
  ): AttachedProcess | null {
    const running = this.#dynos.get(dynoId);
    if (running === undefined) return this.#attached.enter(dynoId, spec, terminal);
    if (running.supervisor === null) return null;
    return this.#attached.enterTree(running.supervisor, insideSpec(running.spec, spec), terminal);
  }

  metered(): readonly MeteredDyno[] {
    return [...this.#dynos.values(), ...this.#attached.metered];
  }

  async connect(dynoId: DynoId, port: number): Promise<Connection | null> {
    const place = this.#dynos.get(dynoId)?.place ?? this.#attached.placeOf(dynoId);
    if (place === null || (await findListener(place.supervisor, port)) === null) return null;
    if (!place.hasOwnNetwork) return connectTo(null, port);
    const inside = processInside(place.supervisor);
    // It has ended meanwhile. The same port of the machine is not the dyno's.
    return inside === null ? null : connectTo(inside, port);
  }

  /** Null, and gone, for what a crash left of a start. What can't be read or removed is left for later: it must not keep the platform from starting. */
  async #loadOrRemove(name: string): Promise<DynoRecord | null> {
    const folder = findDynoFolder(join(this.#options.dir, name));
    try {
      const record = await loadRecord(folder);
      if (record !== null) return record;
      await this.#options.groups.find(groupName(name as DynoId)).remove();
      await removeDynoFolder(folder);
      this.#options.log.info({ dyno: name }, 'half-started dyno removed');
    } catch (error) {
      this.#options.log.warn({ dyno: name, err: error }, 'leftover of a dyno neither read nor removed');
    }
    return null;
  }

  /** Lets go: the dynos go on, and the next platform process adopts them. The attached ones end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#attached[Symbol.asyncDispose]();
    const dynos = [...this.#dynos.values()];
    this.#dynos.clear();
    this.#watch[Symbol.dispose]();
    await Promise.all(dynos.map((dyno) => dyno.letGo()));
  }

  #follow(record: DynoRecord, from: number): LocalDyno {
    const { spec } = record;
    const { dir, slugs, groups, network, onOutput, onGone, log } = this.#options;
    const { address } = record;
    if (address !== undefined) network?.keep(address);
    const bounds = {
      group: groups.find(groupName(spec.id)),
      watch: this.#watch,
      diskBytes: record.diskBytes ?? Infinity,
    };
    const release = slugs.hold(spec.slug, spec.uid);
    const dyno = new LocalDyno(record, findDynoFolder(join(dir, spec.id)), bounds, from, {
      onOutput,
      onFault: (error) => {
        log.error({ dyno: spec.id, err: error }, 'output of a dyno could not be read, the dyno is ended');
      },
      onRemoved: () => {
        this.#dynos.delete(spec.id);
        if (address !== undefined) network?.free(address);
        release();
        onGone(spec);
      },
    });
    this.#dynos.set(spec.id, dyno);
    return dyno;
  }
}

/** Which port a dyno has is known here only. */
function insideSpec(running: DynoSpec, { command, env }: Pick<DynoSpec, 'command' | 'env'>): DynoSpec {
  const { port } = running;
  return { ...running, command, env: { ...env, ...(port === null ? {} : { PORT: String(port) }) } };
}
