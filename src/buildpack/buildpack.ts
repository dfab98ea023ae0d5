import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A buildpack that is on this machine. */
export interface Buildpack {
  /** `heroku/python`. */
  readonly reference: string;
  /** Host folder that holds `bin/`. Never changed: scripts run in a copy. */
  readonly sourceDir: string;
  /** Where its working copy lies below `/tmp`: `codon/tmp/buildpacks/<sha1>`. */
  readonly workPath: string;
}

export type ResolvedBuildpack =
  | { readonly status: 'found'; readonly buildpack: Buildpack }
  | { readonly status: 'unavailable'; readonly detail: string };

const officialName = /^(?:urn:buildpack:)?heroku\/([a-z0-9][a-z0-9-]{0,63})$/;

/** Finds what a reference of the app's list means. `heroku/<name>` and `urn:buildpack:heroku/<name>` are the platform's own. */
export async function resolveBuildpack(reference: string, buildpacksDir: string): Promise<ResolvedBuildpack> {
  const name = officialName.exec(reference)?.[1];
  const own = await detectionOrder(buildpacksDir);
  const buildpack = own.find((candidate) => candidate.reference === `heroku/${name ?? ''}`);
  if (buildpack !== undefined) return { status: 'found', buildpack };
  const has = `This platform has ${own.map((candidate) => candidate.reference).join(', ')}`;
  const isUrl = /^(https?|git|ssh):|^[\w.-]+@|\.(tgz|tar\.gz|git)($|[?#])/.test(reference);
  const detail = isUrl ? `Buildpacks from a URL are not supported yet. ${has}` : has;
  return { status: 'unavailable', detail };
}

/**
 * The platform's own buildpacks, in the order in which they are asked whether they know the app.
 * `order.json`: `{"buildpacks": [{"name": "heroku/python", "path": "python"}]}`, paths below its folder.
 */
export async function detectionOrder(buildpacksDir: string): Promise<readonly Buildpack[]> {
  const order = JSON.parse(await readFile(join(buildpacksDir, 'order.json'), 'utf8')) as OrderFile;
  return order.buildpacks.map(({ name, path }) => {
    if (!officialName.test(name)) throw new Error(`Internal: buildpacks/order.json holds ${JSON.stringify(name)}`);
    const sha1 = createHash('sha1').update(name).digest('hex');
    return {
      reference: name,
      sourceDir: join(buildpacksDir, path),
      workPath: join('codon', 'tmp', 'buildpacks', sha1),
    };
  });
}

export interface BuildpackInfo {
  /** `heroku/python` */
  readonly reference: string;
  readonly description: string;
  /** Markdown. */
  readonly readme: string;
  readonly changedAt: Date;
}

/** What people read of the platform's own buildpacks: README.md of each, its first paragraph as the description. */
export async function describeBuildpacks(buildpacksDir: string): Promise<readonly BuildpackInfo[]> {
  const own = await detectionOrder(buildpacksDir);
  return Promise.all(
    own.map(async ({ reference, sourceDir }) => {
      const readme = await readFile(join(sourceDir, 'README.md'), 'utf8').catch(() => `# ${reference}\n`);
      const [, paragraph = ''] = readme.split(/\n\s*\n/);
      const { mtime: changedAt } = await stat(join(sourceDir, 'bin', 'compile'));
      return { reference, description: paragraph.replaceAll(/\s+/g, ' ').trim(), readme, changedAt };
    }),
  );
}

interface OrderFile {
  readonly buildpacks: readonly { readonly name: string; readonly path: string }[];
}

/** Makes the working copy in which the scripts run: it may write there, and its scripts are executable whatever the author forgot. */
export async function copyBuildpack(buildpack: Buildpack, tmpDir: string): Promise<void> {
  const target = join(tmpDir, buildpack.workPath);
  await copyFolder(buildpack.sourceDir, target);
  const scripts = await readdir(join(target, 'bin'), { withFileTypes: true });
  await Promise.all(
    scripts.filter((entry) => entry.isFile()).map(({ name }) => chmod(join(target, 'bin', name), 0o755)),
  );
}

/**
 * Puts what the platform's own buildpacks share beside their working copies, where their scripts find it as in the checkout:
 * `../shared`. A platform whose buildpacks share nothing has no such folder.
 */
export async function copySharedFiles(buildpacksDir: string, tmpDir: string): Promise<void> {
  const shared = join(buildpacksDir, 'shared');
  if (await isFolder(shared)) await copyFolder(shared, join(tmpDir, 'codon', 'tmp', 'buildpacks', 'shared'));
}

/** Side by side, and with one call per file: every build waits for it, and `cp` of Node takes five, one after the other. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) await copyFolder(source, target);
      else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
      else if (entry.isFile()) await copyFile(source, target, constants.COPYFILE_EXCL);
    }),
  );
}

export function hasScript(buildpack: Buildpack, script: 'detect' | 'compile' | 'release' | 'report'): Promise<boolean> {
  return isFile(join(buildpack.sourceDir, 'bin', script));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
