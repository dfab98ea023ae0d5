import { createHash } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GroupLimits, ProcessGroup, ProcessGroups } from '../model/process-group.ts';
import { groupsIn, removeFolder } from './folder.ts';
import { Cgroup } from './group.ts';
import { controllers, listHierarchies, type Controller } from './hierarchies.ts';
import { limitGroup } from './limit-group.ts';
import { probeParent, type Parent } from './probe.ts';

export interface Cgroups extends ProcessGroups, AsyncDisposable {
  /** What the kernel limits for us. */
  readonly controllers: ReadonlySet<Controller>;
  /** Why not the others, in the kernel's words: `EACCES: permission denied, mkdir ...`; null: nothing was refused. */
  readonly fault: string | null;
  /** Of the hierarchies that are mounted. */
  readonly versions: readonly (1 | 2)[];
  /** One line for the start-up message and `hokku doctor`. */
  readonly description: string;
}

/**
 * The groups of the platform that works on this data folder: one group holds all of them, so that two platforms of one machine never
 * touch each other's. Nothing that can be had is no error: then there is no limit of that kind. Disposing removes it if it is empty.
 */
export async function openCgroups(dataDir: string): Promise<Cgroups> {
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const mounted = listHierarchies();
  const found = await Promise.all(mounted.map((one) => probeParent(one, `hokku-${id}`)));
  const parents = found.filter((one) => typeof one !== 'string');
  const faults = found.filter((one) => typeof one === 'string');
  const versions = mounted.map(({ version }) => version);
  return new LocalCgroups(parents, { versions, fault: faults[0] ?? null, description: describe(parents, faults) });
}

class LocalCgroups implements Cgroups {
  readonly controllers: ReadonlySet<Controller>;
  readonly description: string;
  readonly fault: string | null;
  readonly versions: readonly (1 | 2)[];
  readonly #parents: readonly Parent[];

  constructor(parents: readonly Parent[], about: Pick<Cgroups, 'description' | 'fault' | 'versions'>) {
    this.#parents = parents;
    this.description = about.description;
    this.fault = about.fault;
    this.versions = about.versions;
    this.controllers = new Set(parents.flatMap((parent) => parent.controllers));
  }

  async make(name: string, limits: GroupLimits): Promise<ProcessGroup> {
    const group = this.find(name);
    try {
      for (const { version, dir, controllers: limited } of this.#parents) {
        const path = join(dir, name);
        await mkdir(path, { recursive: true });
        await limitGroup({ version, dir: path }, limited, limits);
      }
    } catch (error) {
      await group.remove();
      throw error;
    }
    return group;
  }

  find(name: string): ProcessGroup {
    const folders = this.#parents.map(({ version, dir }) => ({ version, dir: join(dir, name) }));
    const memory = this.#parents.findIndex(({ controllers: limited }) => limited.includes('memory'));
    return new Cgroup(folders, folders[memory] ?? null);
  }

  async sweep(keep: ReadonlySet<string>): Promise<void> {
    for (const { dir } of this.#parents) {
      const left = (await groupsIn(dir)).filter((name) => !keep.has(name));
      await Promise.all(left.map((name) => removeFolder(join(dir, name))));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { dir } of this.#parents) await rmdir(dir).catch(() => undefined);
  }
}

function describe(parents: readonly Parent[], faults: readonly string[]): string {
  const had = parents.flatMap(({ version, controllers: limited }) => limited.map((one) => `${one} (v${version})`));
  const all = new Set(parents.flatMap((parent) => parent.controllers));
  const absent = controllers.filter((one) => !all.has(one));
  const why = faults[0] === undefined ? 'not mounted' : faults[0];
  if (had.length === 0) return `no cgroups: ${why}`;
  return `cgroups for ${had.join(', ')}${absent.length === 0 ? '' : `; not for ${absent.join(', ')}: ${why}`}`;
}
