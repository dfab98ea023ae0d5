import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import type { ProcessIdentity } from '../lib/process-identity.ts';
import { removeTree } from '../lib/remove-tree.ts';
import type { DynoSpec, Exit } from '../model/dyno.ts';
import { makeDiskImage } from './disk-image.ts';
import { diskLimit, sizeOf } from './dyno-size.ts';

/** The files of one start of one dyno. */
export interface DynoFolder {
  readonly path: string;
  /** The supervisor's: the spool, and at the end the file `exit`. */
  readonly out: string;
  /** What bounds the three next ones, which lie in it. Null: they are folders like any other. */
  readonly disk: { readonly image: string; readonly dir: string } | null;
  readonly upper: string;
  readonly work: string;
  readonly tmp: string;
  /** What the dyno reads as its memory limit. */
  readonly memoryLimit: string;
}

export interface DynoRecord {
  /** Its `env` is empty: config vars are never written here. */
  readonly spec: DynoSpec;
  readonly supervisor: ProcessIdentity;
  readonly startedAt: Date;
  /** In the network of its own; absent: it is on the machine's. */
  readonly address?: string;
  /** What a dyno of 512 MB might write when it was started; absent: as much as there is. */
  readonly diskBytes?: number;
  /** See boot-id.ts. */
  readonly bootId?: string;
}

const imageName = 'disk.ext4';

/** Of a dyno that was started, by whatever platform process. */
export function findDynoFolder(path: string): DynoFolder {
  return dynoFolder(path, existsSync(join(path, imageName)));
}

export function dynoFolder(path: string, hasImage: boolean): DynoFolder {
  const disk = hasImage ? { image: join(path, imageName), dir: join(path, 'disk') } : null;
  const own = disk?.dir ?? path;
  return {
    path,
    out: join(path, 'out'),
    disk,
    upper: join(own, 'upper'),
    work: join(own, 'work'),
    tmp: join(own, 'tmp'),
    memoryLimit: join(path, 'memory.limit_in_bytes'),
  };
}

/** `reachable`: the dyno's user must be able to walk in, because it has no view of its own. */
export async function makeDynoFolder(
  folder: DynoFolder,
  spec: DynoSpec,
  { reachable, diskBytes }: { readonly reachable: boolean; readonly diskBytes: number },
): Promise<void> {
  await mkdir(folder.path, { mode: reachable ? 0o711 : 0o700 });
  await mkdir(folder.out, { mode: 0o700 });
  await writeFile(folder.memoryLimit, `${sizeOf(spec).memoryMb * 1024 * 1024}\n`);
  if (folder.disk !== null) {
    await mkdir(folder.disk.dir, { mode: 0o700 });
    await makeDiskImage(folder.disk.image, diskLimit(spec, diskBytes));
    return;
  }
  await mkdir(folder.work, { mode: 0o700 });
  await mkdir(folder.upper, { mode: 0o755 });
  await mkdir(folder.tmp);
  await chmod(folder.tmp, 0o1777);
  if (process.getuid?.() === 0) {
    for (const dir of [folder.upper, folder.tmp]) await chown(dir, spec.uid, spec.uid);
  }
}

export async function saveRecord(folder: DynoFolder, record: DynoRecord): Promise<void> {
  const spec = { ...record.spec, env: {} };
  await writeFileAtomic(join(folder.path, 'dyno.json'), JSON.stringify({ ...record, spec }), 0o600);
}

/** Null when the start of this dyno did not get as far as its record: then nothing of it ever ran. */
export async function loadRecord(folder: DynoFolder): Promise<DynoRecord | null> {
  const text = await readIfThere(join(folder.path, 'dyno.json'));
  if (text === null) return null;
  const saved = JSON.parse(text) as Omit<DynoRecord, 'startedAt'> & { startedAt: string };
  return { ...saved, startedAt: new Date(saved.startedAt) };
}

/** What a supervisor tells at the end. */
export interface Ending {
  readonly exit: Exit;
  /** That the dyno wrote in all, lost ones included. */
  readonly lines: number;
}

/** Null when the supervisor has not (or never) told the end. */
export async function loadEnding(folder: DynoFolder): Promise<Ending | null> {
  const text = await readIfThere(join(folder.out, 'exit'));
  if (text === null) return null;
  const [status, signal, atMicros, lines] = text.trim().split(/\s+/);
  const exit = {
    status: Number(status),
    signal: signal === undefined || signal === '0' ? null : signalName(Number(signal)),
    at: new Date(Number(BigInt(atMicros ?? '0') / 1000n)),
  };
  return { exit, lines: Number(lines) };
}

/** What the app left behind may be closed even to its owner, and the kernel leaves a folder without any rights in `work`. */
export async function removeDynoFolder(folder: DynoFolder): Promise<void> {
  await removeTree(folder.path);
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function signalName(number: number): string {
  const known = Object.entries(constants.signals).find(([, value]) => value === number);
  return known?.[0] ?? `signal ${number}`;
}
