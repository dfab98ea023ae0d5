import { readdir, readlink, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Logger } from '../log.ts';
import type { AppId } from '../model/ids.ts';

/**
 * Removes repositories of apps that are gone, and what a crash left in the others: half-made and half-removed ones, quarantined packs, lock files.
 * A lock says nothing about its owner, so a repository in which a process still works (the last git of the platform's
 * former life, about to end) is left alone.
 */
export async function sweepRepos(dir: string, apps: ReadonlySet<AppId>, log: Logger): Promise<void> {
  const busy = await workingFolders();
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    if (name.startsWith('.new-') || name.startsWith('.gone-')) {
      await removeAll([path], log);
    } else if (name.endsWith('.git') && !apps.has(name.slice(0, -'.git'.length) as AppId)) {
      await removeAll([path], log);
    } else if (name.endsWith('.git')) {
      if (busy.some((cwd) => cwd === path || cwd.startsWith(path + sep))) {
        log.warn({ repo: name }, 'repository not swept, a process works in it');
      } else {
        await removeAll(await leftovers(path), log);
      }
    }
  }
}

async function leftovers(repo: string): Promise<string[]> {
  const objects = join(repo, 'objects');
  const found = await matching(objects, /^(tmp_objdir|incoming-|tmp_obj_)/);
  found.push(...(await matching(join(objects, 'pack'), /^(\.?tmp[-_]|.*\.lock$)/)));
  found.push(...(await matching(repo, /^gc\.pid$|\.lock$/)));
  const refs = await readdir(join(repo, 'refs'), { recursive: true, withFileTypes: true }).catch(() => []);
  found.push(...refs.filter((f) => f.isFile() && f.name.endsWith('.lock')).map((f) => join(f.parentPath, f.name)));
  return found;
}

async function matching(dir: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(dir).catch(() => []);
  return names.filter((name) => pattern.test(name)).map((name) => join(dir, name));
}

async function removeAll(paths: readonly string[], log: Logger): Promise<void> {
  for (const path of paths) {
    log.info({ path }, 'leftover removed');
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The working folders of all live processes that we may look at. */
async function workingFolders(): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => null)));
  return folders.filter((cwd) => cwd !== null);
}
