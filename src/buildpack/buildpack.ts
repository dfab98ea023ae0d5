import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readFile, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isInSource } from '../model/buildpack-reference.ts';
import type { FetchedBuildpacks } from './fetched-buildpacks.ts';
import { readRegistry } from './read-registry.ts';

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

/** Where buildpacks come from. */
export interface BuildpackSources {
  readonly buildpacksDir: string;
  readonly fetched: FetchedBuildpacks;
  /** The operator's, see `readRegistry`; null: none. */
  readonly registryFile: string | null;
  /** Host folder of the app's source, in which no script has run yet. */
  readonly sourceDir: string;
  /** Host folder that exists and that no script reaches: a buildpack of the app may remove itself while it compiles. */
  readonly keepDir: string;
  /** Folders of this machine by the reference that means them; only for whoever may read all of it. */
  readonly local?: ReadonlyMap<string, string>;
}

/**
 * Finds what a reference of the app's list means. `heroku/<name>` and `urn:buildpack:heroku/<name>` are the platform's own;
 * a URL is fetched; `./<path>` is a folder of the app's source; other names are looked up in the operator's registry.
 */
export async function resolveBuildpack(
  reference: string,
  sources: BuildpackSources,
  signal: AbortSignal,
): Promise<ResolvedBuildpack> {
  const { buildpacksDir, fetched } = sources;
  const local = sources.local?.get(reference);
  if (local !== undefined) {
    const buildpack = { reference, pinned: reference, sourceDir: local, workPath: workPathOf(reference) };
    return { status: 'found', buildpack, version: null, warning: null };
  }
  if (isInSource(reference)) return await resolveInSource(reference, sources);
  if (isUrl(reference)) return await resolveUrl(reference, reference, fetched, signal);
  const name = officialName.exec(reference)?.[1];
  const own = await detectionOrder(buildpacksDir);
  const buildpack = own.find((candidate) => candidate.reference === `heroku/${name ?? ''}`);
  if (buildpack !== undefined) return { status: 'found', buildpack, version: null, warning: null };
  const registry = await readRegistry(sources.registryFile);
  if (registry.status === 'invalid') {
    const detail = `the platform's registry of buildpacks is not usable: ${registry.detail}. Tell its operator (HOKKU_BUILDPACK_REGISTRY)`;
    return { status: 'unavailable', detail };
  }
  const url = registry.urls.get(reference);
  if (url !== undefined) return await resolveUrl(reference, url, fetched, signal);
  const has = [...own.map((candidate) => candidate.reference), ...registry.urls.keys()].slice(0, 50).join(', ');
  return { status: 'unavailable', detail: `this platform has ${has}; any other one is given by its https:// URL` };
}

async function resolveUrl(
  reference: string,
  url: string,
  fetched: FetchedBuildpacks,
  signal: AbortSignal,
): Promise<ResolvedBuildpack> {
  const found = await fetched.get(url, signal);
  if (found.status === 'failed') return { status: 'unavailable', detail: found.detail };
  const pinned = `${url.split('#')[0] ?? url}#${found.version}`;
  const buildpack = { reference, pinned, sourceDir: found.dir, workPath: workPathOf(reference) };
  return { status: 'found', buildpack, version: found.version, warning: found.warning };
}

/** Its version is the app's commit. The path is walked without following a link: the source is a stranger's. */
async function resolveInSource(
  reference: string,
  { sourceDir, keepDir }: BuildpackSources,
): Promise<ResolvedBuildpack> {
  const parts = reference.split('/').slice(1);
  for (const count of parts.keys()) {
    const path = join(sourceDir, ...parts.slice(0, count + 1));
    if (await isFolder(path)) continue;
    return { status: 'unavailable', detail: `the app's source has no folder ${parts.slice(0, count + 1).join('/')}` };
  }
  const dir = join(sourceDir, ...parts);
  if (!(await isFolder(join(dir, 'bin'))) || !(await isFile(join(dir, 'bin', 'compile')))) {
    return { status: 'unavailable', detail: 'it has no bin/compile, so it is no buildpack' };
  }
  const workPath = workPathOf(reference);
  const kept = join(keepDir, basename(workPath));
  if (!(await isFolder(kept))) await copyFolder(dir, kept);
  const buildpack = { reference, pinned: reference, sourceDir: kept, workPath };
  return { status: 'found', buildpack, version: null, warning: null };
}

/** Not through a link. */
async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() === true;
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

/**
 * What people read of the platform's own buildpacks, README.md of each, its first paragraph as the description; and the names
 * of the operator's registry, without their URLs, which may say how the operator's network is made.
 */
export async function describeBuildpacks(
  buildpacksDir: string,
  registryFile: string | null,
): Promise<readonly BuildpackInfo[]> {
  const own = await detectionOrder(buildpacksDir);
  const registry = await readRegistry(registryFile);
  const taken = new Set(own.map(({ reference }) => reference));
  const names = registry.status === 'read' ? [...registry.urls.keys()].filter((name) => !taken.has(name)) : [];
  const changedAt = registry.status === 'read' ? registry.changedAt : new Date(0);
  const registered = names.map((reference) => {
    const description = "A buildpack that this platform's operator has registered.";
    return { reference, description, readme: `# ${reference}\n\n${description}\n`, changedAt };
  });
  const described = await Promise.all(
    own.map(async ({ reference, sourceDir }) => {
      const readme = await readFile(join(sourceDir, 'README.md'), 'utf8').catch(() => `# ${reference}\n`);
      const [, paragraph = ''] = readme.split(/\n\s*\n/);
      const { mtime: changedAt } = await stat(join(sourceDir, 'bin', 'compile'));
      return { reference, description: paragraph.replaceAll(/\s+/g, ' ').trim(), readme, changedAt };
    }),
  );
  return [...described, ...registered];
}

interface OrderFile {
  readonly buildpacks: readonly { readonly name: string; readonly path: string }[];
}

/** Makes the working copy in which the scripts run: it may write there, and its scripts are executable whatever the author forgot. */
export async function copyBuildpack(buildpack: Buildpack, tmpDir: string): Promise<void> {
  const target = join(tmpDir, buildpack.workPath);
  await copyFolder(buildpack.sourceDir, target);
  // A stranger's `bin` may be a link to any folder of the machine: nothing is made executable through it.
  if (!(await isFolder(join(target, 'bin')))) return;
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
  // A folder that its author works in has its history, which no fetched one has.
  const entries = (await readdir(from, { withFileTypes: true })).filter(({ name }) => name !== '.git');
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) await copyFolder(source, target);
      else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
      else if (entry.isFile()) await copyFile(source, target, constants.COPYFILE_EXCL);
    }),
  );
}

/** Below `bin/`. */
export type ScriptName = 'detect' | 'compile' | 'release' | 'report' | 'test-compile' | 'test';

export function hasScript(buildpack: Buildpack, script: ScriptName): Promise<boolean> {
  return isFile(join(buildpack.sourceDir, 'bin', script));
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
