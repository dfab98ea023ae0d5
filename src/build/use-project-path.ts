import { lstat, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../lib/remove-tree.ts';
import type { RunningBuild } from './build-input.ts';
import { FailedBuild } from './failed-build.ts';

/** As what people set for a repository of several apps; buildpacks that do the same read it, too. */
const configVar = 'PROJECT_PATH';
const maxLength = 1000;
const maxShown = 20;

/**
 * Builds the folder that the config var PROJECT_PATH names as if it were the whole repository. Only with the platform's own
 * buildpacks: among others there can be one that does this itself. Throws a FailedBuild when there's no such folder.
 * Source: https://github.com/timanovsky/subdir-heroku-buildpack
 */
export async function useProjectPath({ input, work, screen }: RunningBuild, asked: readonly string[]): Promise<void> {
  const path = (input.configVars[configVar] ?? '').trim();
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.length === 0 || !asked.every((reference) => reference.startsWith('heroku/'))) return;

  const root = join(work.tmpDir, work.buildPath);
  if (path.length > maxLength || /\p{C}/u.test(path) || names.includes('..')) throw await refused(path, root);
  let folder = root;
  for (const name of names) {
    folder = join(folder, name);
    // A link could lead out of the app.
    if ((await lstat(folder).catch(() => null))?.isDirectory() !== true) throw await refused(path, root);
  }
  const whole = join(work.dir, 'repository');
  await rename(root, whole);
  await rename(join(whole, ...names), root);
  await removeTree(whole);
  screen.line(`-----> Building the folder ${names.join('/')}, which the config var ${configVar} names`);
}

async function refused(path: string, root: string): Promise<FailedBuild> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return new FailedBuild({
    reason: 'project-path-invalid',
    path: path.slice(0, maxLength),
    folders: folders.toSorted().slice(0, maxShown),
  });
}
