import { constants } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PlatformError } from './errors/platform-error.ts';
import { writeFileAtomic } from './lib/atomic-file.ts';
import { makeFolders } from './lib/make-folders.ts';
import { identify, isAlive, type ProcessIdentity } from './lib/process-identity.ts';
import { emptyRunFolder, makeRunFolder, removeEmptyRunFolder, runFolder } from './run-folder.ts';

/** Where each kind of durable state lies. Every file in it is written under a temporary name and renamed. */
export interface DataFolder extends AsyncDisposable {
  readonly root: string;
  readonly repos: string;
  readonly slugs: string;
  readonly sources: string;
  readonly streams: string;
  readonly cache: string;
  readonly buildpacks: string;
  readonly builds: string;
  readonly dynos: string;
  readonly logs: string;
  readonly tls: string;
  /** Who keeps collection away, see disk/collection-gate.ts. */
  readonly holds: string;
  /** A file that gives way on a full disk. */
  readonly ballast: string;
  /** Sockets and pid files. Elsewhere than in `root` when its path is too long for a socket. */
  readonly run: string;
  /** Nothing that uses `run` goes on: disposing takes a folder outside of `root` away. */
  releaseRun(): void;
}

/**
 * Makes the folders and takes the lock, which belongs to a live process: a lock left by a dead one is taken over.
 * Throws when another platform works on the same folder.
 */
export async function openDataFolder(root: string): Promise<DataFolder> {
  const folder = dataPaths(root);
  const { run } = folder;
  try {
    await makeRoot(root);
    await makeDataFolders(root);
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    throw new PlatformError(
      'internal_server_error',
      `Couldn't use the data folder ${root}: ${(error as Error).message}. Set HOKKU_DATA_DIR to a folder that this user can write.`,
      { cause: error },
    );
  }
  await makeRunFolderAndLock(root, run);
  let isReleased = false;
  return {
    ...folder,
    releaseRun: () => {
      isReleased = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (isReleased) await emptyRunFolder(root, lockName);
      await rm(lockFileOf(root), { force: true });
      await removeEmptyRunFolder(root);
    },
  };
}

export type DataPaths = Omit<DataFolder, 'releaseRun' | typeof Symbol.asyncDispose>;

export function dataPaths(root: string): DataPaths {
  return {
    root,
    repos: join(root, 'repos'),
    slugs: join(root, 'slugs'),
    sources: join(root, 'sources'),
    streams: join(root, 'streams'),
    cache: join(root, 'cache'),
    buildpacks: join(root, 'buildpacks'),
    builds: join(root, 'builds'),
    dynos: join(root, 'dynos'),
    logs: join(root, 'logs'),
    tls: join(root, 'tls'),
    holds: join(root, 'holds'),
    ballast: join(root, 'ballast'),
    run: runFolder(root),
  };
}

/** All but that for sockets, in a folder that is there. */
export async function makeDataFolders(root: string): Promise<DataPaths> {
  const folder = dataPaths(root);
  // Passable, not listable: the users that dynos run as reach their own folder by its full path only.
  await chmod(root, 0o711);
  for (const dir of [
    folder.repos,
    folder.cache,
    folder.buildpacks,
    folder.logs,
    folder.sources,
    folder.streams,
    folder.tls,
  ])
    await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const dir of [folder.slugs, folder.builds, folder.dynos]) await mkdir(dir, { recursive: true, mode: 0o711 });
  return folder;
}

/** A folder that holds other things is not taken: its mode would be changed, and its things would lie between ours. */
async function makeRoot(root: string): Promise<void> {
  await makeFolders(root);
  const names = (await readdir(root)).filter((name) => !name.startsWith('.doctor-'));
  if (names.length > 0 && !names.some((name) => ours.has(name))) {
    throw new PlatformError(
      'invalid_params',
      `${root} holds other things (${names[0] ?? ''}), so it can't be the data folder. Set HOKKU_DATA_DIR to an empty or a new folder.`,
    );
  }
}

/** Each of these is made before anything else can fail. */
const ours: ReadonlySet<string> = new Set(['repos', 'platform.sqlite', 'platform.json', 'admin-token']);

/** The end of another platform may take the run folder away between the two: then once more. */
async function makeRunFolderAndLock(root: string, run: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await makeRunFolder(run);
    try {
      await takeLock(root);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 3) throw error;
    }
  }
}

/**
 * Without a sandbox that mounts them, apps reach their folders by the full path, each as a user of its own: every folder on
 * the way must let them pass. Throws when one does not; else each build would fail with a text about something else.
 */
export async function requirePassable(root: string): Promise<void> {
  const closed = await findImpassable(root);
  if (closed === null) return;
  throw new PlatformError(
    'internal_server_error',
    `Apps run as users of their own and can't pass ${closed}, which is on the way to the data folder ${root}. Set HOKKU_DATA_DIR to a folder elsewhere, such as /var/lib/hokku, or install bubblewrap.`,
  );
}

/** The nearest folder on the way to `root`, itself included, that does not let other users pass; those to be made will. */
export async function findImpassable(root: string): Promise<string | null> {
  for (let dir = root; ; dir = dirname(dir)) {
    const stats = await stat(dir).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    });
    if (stats !== null && (stats.mode & constants.S_IXOTH) === 0) return dir;
    if (dir === dirname(dir)) return null;
  }
}

async function takeLock(root: string): Promise<void> {
  const self = identify(process.pid);
  if (self === null) throw new Error('Internal: /proc is not mounted');
  const holder = await readLock(root);
  if (holder !== null && isAlive(holder)) {
    throw new PlatformError(
      'conflict',
      `Another platform (process ${holder.pid}) already uses ${root}. Stop it first, or set HOKKU_DATA_DIR.`,
    );
  }
  await writeFileAtomic(lockFileOf(root), JSON.stringify(self), 0o600);
}

const lockName = 'platform.lock';

function lockFileOf(root: string): string {
  return join(runFolder(root), lockName);
}

/** The process that works on this data folder; it may be dead. */
export async function readLock(root: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(lockFileOf(root), 'utf8')) as ProcessIdentity;
  } catch {
    return null;
  }
}
