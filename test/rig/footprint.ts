import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { hokkuIn } from './hokku.ts';
import type { PlatformRig } from './platform-rig.ts';
import { processes } from './remains.ts';

export interface ProcessFootprint {
  readonly rssBytes: number;
  readonly descriptors: number;
}

/** What a running platform holds of its machine. */
export interface Footprint {
  readonly controlPlane: ProcessFootprint;
  readonly router: ProcessFootprint;
  /** By table; empty on PostgreSQL. */
  readonly rows: Readonly<Record<string, number>>;
  /** Entries by folder of the data folder. */
  readonly files: Readonly<Record<string, number>>;
  readonly usedBytes: number;
  readonly quotaBytes: number;
  /** Of the repository with most of them. */
  readonly packs: number;
  readonly looseObjects: number;
}

const folders = ['builds', 'dynos', 'slugs', 'slugs/unpacked', 'sources', 'cache', 'holds', 'repos'] as const;

export async function footprint(rig: PlatformRig): Promise<Footprint> {
  const { used, quota } = await disk(rig);
  const repos = list(join(rig.dataDir, 'repos')).map((name) => join(rig.dataDir, 'repos', name, 'objects'));
  return {
    ...processFootprints(rig),
    rows: countRows(join(rig.dataDir, 'platform.sqlite')),
    files: Object.fromEntries(folders.map((folder) => [folder, list(join(rig.dataDir, folder)).length])),
    usedBytes: used,
    quotaBytes: quota,
    packs: Math.max(...repos.map((repo) => list(join(repo, 'pack')).filter((name) => name.endsWith('.pack')).length)),
    looseObjects: Math.max(...repos.map(countLoose)),
  };
}

/** Of the control plane and the router alone; cheap enough to be taken often. */
export function processFootprints(rig: PlatformRig): Pick<Footprint, 'controlPlane' | 'router'> {
  const router = processes().find(
    ({ command, cwd }) => command.includes('router-process.js') && cwd.startsWith(`${rig.dataDir}/`),
  );
  if (router === undefined) throw new Error('the router does not run');
  return { controlPlane: ofProcess(rig.pid), router: ofProcess(router.pid) };
}

function ofProcess(pid: number): ProcessFootprint {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { rssBytes: Number(kilobytes) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** As `hokku disk` tells it to the operator. */
async function disk(rig: PlatformRig): Promise<{ readonly used: number; readonly quota: number }> {
  const env = { HOKKU_DATA_DIR: rig.dataDir, HOME: rig.home, HOKKU_API_KEY: rig.token };
  const { exitCode, stdout, stderr } = await hokkuIn(rig.home, env, ['disk', '--json']);
  if (exitCode !== 0) throw new Error(`hokku disk failed: ${stderr}`);
  return JSON.parse(stdout) as { used: number; quota: number };
}

function countRows(file: string): Readonly<Record<string, number>> {
  if (!existsSync(file)) return {};
  const database = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'");
    const names = tables.all().map((row) => (row as { name: string }).name);
    return Object.fromEntries(
      names.map((name) => {
        const row = database.prepare(`select count(*) as count from "${name}"`).get() as { count: number };
        return [name, row.count];
      }),
    );
  } finally {
    database.close();
  }
}

function countLoose(objects: string): number {
  return list(objects)
    .filter((name) => /^[0-9a-f]{2}$/.test(name))
    .reduce((sum, name) => sum + list(join(objects, name)).length, 0);
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
