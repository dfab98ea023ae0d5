import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FetchedBuildpacks } from './fetched-buildpacks.ts';

/** A buildpack that is on this machine. */
export interface Buildpack {
  /** `heroku/python`. */
  readonly reference: string;
  /** The very one that runs: of a fetched one the URL and its commit or checksum, else the reference. */
  readonly pinned: string;
  /** Host folder that holds `bin/`. Never changed: scripts run in a copy. */
  readonly sourceDir: string;
  /** Where its working copy lies below `/tmp`: `codon/tmp/buildpacks/<sha1>`. */
  readonly workPath: string;
}

export type ResolvedBuildpack =
  | {
      readonly status: 'found';
      readonly buildpack: Buildpack;
      /** Commit or checksum of a fetched one; null: the platform's own. */
      readonly version: string | null;
      readonly warning: string | null;
    }
  | { readonly status: 'unavailable'; readonly detail: string };

const officialName = /^(?:urn:buildpack:)?heroku\/([a-z0-9][a-z0-9-]{0,63})$/;

/**
 * Finds what a reference of the app's list means. `heroku/<name>` and `urn:buildpack:heroku/<name>` are the platform's own;
 * a URL is fetched.
 */
export async function resolveBuildpack(
  reference: string,
  buildpacksDir: string,
  fetched: FetchedBuildpacks,
  signal: AbortSignal,
): Promise<ResolvedBuildpack> {
  if (isUrl(reference)) {
    const found = await fetched.get(reference, signal);
    if (found.status === 'failed') return { status: 'unavailable', detail: found.detail };
    const url = reference.split('#')[0] ?? reference;
    const pinned = `${url}#${found.version}`;
    const buildpack = { reference, pinned, sourceDir: found.dir, workPath: workPathOf(reference) };
    return { status: 'found', buildpack, version: found.version, warning: found.warning };
  }
  const name = officialName.exec(reference)?.[1];
  const own = await detectionOrder(buildpacksDir);
  const buildpack = own.find((candidate) => candidate.reference === `heroku/${name ?? ''}`);
  if (buildpack !== undefined) return { status: 'found', buildpack, version: null, warning: null };
  const has = own.map((candidate) => candidate.reference).join(', ');
  return { status: 'unavailable', detail: `this platform has ${has}; any other one is given by its https:// URL` };
}

function isUrl(reference: string): boolean {
  return /^(https?|git):\/\//.test(reference);
}

function workPathOf(reference: string): string {
  return join('codon', 'tmp', 'buildpacks', createHash('sha1').update(reference).digest('hex'));
}

/**
 * The platform's own buildpacks, in the order in which they are asked whether they know the app.
 * `order.json`: `{"buildpacks": [{"name": "heroku/python", "path": "python"}]}`, paths below its folder.
 */
export async function detectionOrder(buildpacksDir: string): Promise<readonly Buildpack[]> {
  const order = JSON.parse(await readFile(join(buildpacksDir, 'order.json'), 'utf8')) as OrderFile;
  return order.buildpacks.map(({ name, path }) => {
    if (!officialName.test(name)) throw new Error(`Internal: buildpacks/order.json holds ${JSON.stringify(name)}`);
    return { reference: name, pinned: name, sourceDir: join(buildpacksDir, path), workPath: workPathOf(name) };
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
