import { randomBytes } from 'node:crypto';
import { lchownSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../lib/remove-tree.ts';
import { run } from '../lib/spawn.ts';
import type { Logger } from '../log.ts';
import type { App } from '../model/app.ts';

/** A build's folders on the host. All that scripts can reach lies in `tmpDir` and `homeDir`. */
export interface WorkFolder extends AsyncDisposable {
  readonly dir: string;
  /** `/tmp` inside. */
  readonly tmpDir: string;
  /** `/app` inside. */
  readonly homeDir: string;
  /** Below `tmpDir`: `build_<8 hex digits>`. */
  readonly buildPath: string;
  /** Below `tmpDir`. */
  readonly cachePath: string;
  /** Below `tmpDir`. */
  readonly envPath: string;
}

const smallTree = 400;

/** Makes the folders of a build and moves the source tree into place. Disposing removes all of it, whatever modes it has. */
export async function openWorkFolder(dir: string, sourceDir: string, log: Logger): Promise<WorkFolder> {
  const tmpDir = join(dir, 'tmp');
  const buildPath = `build_${randomBytes(4).toString('hex')}`;
  const homeDir = join(dir, 'home');
  await mkdir(dir, { recursive: true, mode: 0o711 });
  try {
    await mkdir(join(tmpDir, 'codon', 'tmp', 'buildpacks'), { recursive: true, mode: 0o755 });
    await mkdir(homeDir, { mode: 0o755 });
    await moveTree(sourceDir, join(tmpDir, buildPath));
    await chmod(join(tmpDir, buildPath), 0o755);
  } catch (error) {
    await removeTree(dir);
    throw error;
  }
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  return {
    dir,
    tmpDir,
    homeDir,
    buildPath,
    cachePath: join('codon', 'tmp', 'cache'),
    envPath: `d${day}-${process.pid}-${randomBytes(4).toString('hex')}`,
    [Symbol.asyncDispose]: () =>
      removeTree(dir).catch((error: unknown) => {
        // How the build ended counts more; the sweep at the next start tries again.
        log.warn({ dir, err: error }, 'work folder of a build not removed');
      }),
  };
}

/**
 * Gives everything that scripts may write to the app's user. Never follows a link. Only root can, and need. A small tree is
 * done sooner than a process is started; nothing else writes into it yet.
 */
export async function giveToApp(work: WorkFolder, app: Pick<App, 'uid'>): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const folders = [Buffer.from(work.tmpDir), Buffer.from(work.homeDir)];
  let given = 0;
  for (let folder = folders.pop(); folder !== undefined && given <= smallTree; folder = folders.pop()) {
    lchownSync(folder, app.uid, app.uid);
    const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
    given += entries.length;
    if (given > smallTree) break;
    for (const entry of entries) {
      const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) folders.push(path);
      else lchownSync(path, app.uid, app.uid);
    }
  }
  if (given <= smallTree) return;
  const args = ['-R', '-h', '-P', `${app.uid}:${app.uid}`, '--', work.tmpDir, work.homeDir];
  await run('chown', args, { env: { PATH: '/usr/local/bin:/usr/bin:/bin' }, timeoutMs: 300_000 });
}

/**
 * The host path of a folder below `/tmp` after scripts have run: they may have put links in its way, which the
 * platform, with its own rights, must not follow. Null if there is no such folder any more.
 */
export async function folderLeftAt(work: WorkFolder, path: string): Promise<string | null> {
  let folder = work.tmpDir;
  for (const part of path.split('/')) {
    folder = join(folder, part);
    const stats = await lstat(folder).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    });
    if (stats?.isDirectory() !== true) return null;
  }
  return folder;
}

/** Puts the restored cache in its place, if detection left the place as it was. */
export async function placeCache(work: WorkFolder, restored: string, app: Pick<App, 'uid'>): Promise<void> {
  const parent = await folderLeftAt(work, join(work.cachePath, '..'));
  if (parent === null) return;
  if (process.getuid?.() === 0) await chown(restored, app.uid, app.uid);
  const place = join(work.tmpDir, work.cachePath);
  await removeTree(place);
  await rename(restored, place);
}

async function moveTree(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await run('cp', ['-a', '-T', '--', from, to], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      timeoutMs: 300_000,
    });
  }
}
