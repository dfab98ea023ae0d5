import { constants } from 'node:fs';
import { access, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freeSpace } from '../../lib/free-space.ts';
import { findImpassable } from '../../data-folder.ts';
import { degraded, missing, ok, type Finding } from './finding.ts';

const elsewhere = `Set HOKKU_DATA_DIR to a folder that this user can write (temporary: ${tmpdir()}).`;

/** Whether it can be made and used. `needsPassage`: users of apps must be able to walk into it. */
export async function checkDataFolder(dataDir: string, needsPassage: boolean): Promise<Finding> {
  const name = 'data folder';
  const lost = 'the platform does not start';
  try {
    const there = await nearestFolder(dataDir);
    const { uid } = await stat(there);
    const self = process.getuid?.();
    await access(there, constants.W_OK | constants.X_OK);
    if (there === dataDir && self !== 0 && uid !== self)
      return missing(name, { evidence: `${dataDir} belongs to another user (${uid})`, lost, remedy: elsewhere });
    const closed = needsPassage ? await findImpassable(dirname(dataDir)) : null;
    if (closed !== null) {
      const evidence = `${dataDir}: apps, which run as users of their own without a sandbox around them, can't pass ${closed}`;
      const remedy = `Run \`chmod o+x ${closed}\`, set HOKKU_DATA_DIR to a folder elsewhere, such as /var/lib/hokku, or install bubblewrap.`;
      return missing(name, { evidence, lost, remedy });
    }
    return ok(name, there === dataDir ? dataDir : `${dataDir}, to be made in ${there}`);
  } catch (error) {
    return missing(name, { evidence: (error as Error).message, lost, remedy: elsewhere });
  }
}

/** Free space and the time of 500 small files: on a disk that is slow at these, every build is slow. */
export async function checkDisk(dataDir: string): Promise<Finding> {
  const name = 'disk';
  let dir: string | null = null;
  try {
    dir = await mkdtemp(join(await nearestFolder(dataDir), '.doctor-'));
    const started = performance.now();
    for (let n = 0; n < 500; n += 1) await writeFile(join(dir, String(n)), 'x');
    const milliseconds = Math.round(performance.now() - started);
    const gibibytes = (await freeSpace(dir)).freeBytes / 2 ** 30;
    const evidence = `${gibibytes.toFixed(1)} GiB free, 500 small files in ${milliseconds} ms`;
    if (gibibytes >= 2 && milliseconds < 2000) return ok(name, evidence, false);
    const lost = gibibytes < 2 ? 'builds will soon fail for want of space' : 'builds are slow';
    return degraded(name, { evidence, lost, remedy: 'Put HOKKU_DATA_DIR on a roomier or faster disk.' });
  } catch (error) {
    return missing(name, { evidence: (error as Error).message, lost: 'nothing can be stored', remedy: elsewhere });
  } finally {
    if (dir !== null) await rm(dir, { recursive: true, force: true });
  }
}

/** The data folder itself, or the one in which it is to be made. */
async function nearestFolder(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    return nearestFolder(parent);
  }
}
