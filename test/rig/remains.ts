import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, type PlatformRig } from './platform-rig.ts';

/** Fails with the list when the platform leaves something behind for longer than a moment. `markers`: see `remains`. */
export async function expectNoRemains(rig: PlatformRig, ...markers: string[]): Promise<void> {
  let left: readonly string[] = [];
  const isClean = async (): Promise<boolean> => (left = await remains(rig, markers)).length === 0;
  await eventually('a clean platform', isClean).catch((error: unknown) => {
    throw new Error(`left behind:\n${left.join('\n')}`, { cause: error });
  });
}

/**
 * What nobody owns any more: half files, work folders, quarantines and locks in the data folder, dynos that `ps` does not
 * know, processes and mounts. `markers`: words in the arguments of processes of the apps that must be gone.
 */
async function remains(rig: PlatformRig, markers: readonly string[]): Promise<readonly string[]> {
  const temporary = list(join(rig.home, 'tmp')).map((name) => `tmp/${name}`);
  return [...temporary, ...halfFiles(rig.dataDir), ...(await strangers(rig)), ...strayProcesses(rig, markers)];
}

/** Processes of the platform (router, supervisors, sandboxes, git) and its mounts that outlived `SIGINT`. */
export function stillRunning(rig: PlatformRig): readonly string[] {
  return [
    ...processes()
      .filter((one) => isOf(rig, one))
      .map(describe),
    ...mounts(rig.dataDir),
  ];
}

function halfFiles(dataDir: string): readonly string[] {
  const found: string[] = [];
  const look = (folder: string, isLeft: (name: string) => boolean): void => {
    for (const name of list(join(dataDir, folder))) if (isLeft(name)) found.push(`${folder}/${name}`);
  };
  look('builds', () => true);
  // What is known of a slug lies next to it, and goes with it.
  const slugs = new Set(list(join(dataDir, 'slugs')));
  look('slugs', (name) => {
    if (name.endsWith('.members')) return !slugs.has(name.replace(/members$/, 'tgz'));
    return !/^([0-9a-f]{64}\.tgz|unpacked)$/.test(name);
  });
  look('slugs/unpacked', (name) => !/^[0-9a-f]{64}-\d+$/.test(name));
  look('repos', (name) => !/^[0-9a-f-]+\.git$/.test(name));
  for (const app of list(join(dataDir, 'cache'))) look(`cache/${app}`, (name) => !/^\d+(\.spare)?$/.test(name));
  for (const repo of list(join(dataDir, 'repos'))) {
    look(`repos/${repo}`, (name) => name.endsWith('.lock'));
    look(`repos/${repo}/objects`, (name) => /^(tmp|incoming)/.test(name));
    look(`repos/${repo}/objects/pack`, (name) => /^\.?tmp|\.(lock|keep)$/.test(name));
    look(`repos/${repo}/refs/heads`, (name) => name.endsWith('.lock'));
  }
  return found;
}

/** Folders of dynos that no app's list tells of. */
async function strangers(rig: PlatformRig): Promise<readonly string[]> {
  const known = new Set<string>();
  for (const { name } of (await rig.api('GET', '/apps')).json as { name: string }[]) {
    for (const { id } of (await rig.api('GET', `/apps/${name}/dynos`)).json as { id: string }[]) known.add(id);
  }
  return list(join(rig.dataDir, 'dynos'))
    .filter((id) => !known.has(id))
    .map((id) => `dynos/${id}`);
}

/** Besides the control plane's own children: whoever works in the data folder and is neither router nor supervisor. */
function strayProcesses(rig: PlatformRig, markers: readonly string[]): readonly string[] {
  const all = processes();
  const isKnown = (one: Process): boolean =>
    one.pid === rig.pid || /router-process\.js|hokku-supervisor dyno/.test(one.command);
  const isDyno = (one: Process): boolean => one.cwd.includes('/dynos/');
  return all
    .filter((one) => !isKnown(one))
    .filter(
      (one) =>
        one.parent === rig.pid ||
        (isOf(rig, one) && !isDyno(one)) ||
        markers.some((marker) => one.command.includes(marker)),
    )
    .map(describe);
}

function isOf(rig: PlatformRig, one: Process): boolean {
  return one.command.includes(rig.dataDir) || one.cwd.startsWith(rig.dataDir) || one.pid === rig.lastPid;
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Arguments, with spaces in between. */
  readonly command: string;
  /** Empty when it is not ours to look at. */
  readonly cwd: string;
}

/** All live processes of this machine, those inside of sandboxes included. */
export function processes(): readonly Process[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = text(`/proc/${name}/stat`);
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (stat === '' || fields[0] === 'Z') return [];
      const command = text(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trimEnd();
      const cwd = orEmpty(() => readlinkSync(`/proc/${name}/cwd`));
      return [{ pid: Number(name), parent: Number(fields[1]), command, cwd }];
    });
}

/** Every process below `pid`, without itself. */
export function descendants(pid: number): readonly Process[] {
  const all = processes();
  const below = (parent: number): Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}

/** A sandbox's own view has its mounts elsewhere: what is seen here would stay behind on the machine. */
function mounts(dir: string): readonly string[] {
  return text('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(dir))
    .map((line) => `mount ${line}`);
}

function describe({ pid, command }: Process): string {
  return `process ${pid}: ${command.slice(0, 200)}`;
}

function text(path: string): string {
  return orEmpty(() => readFileSync(path, 'utf8'));
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // ended meanwhile, or of another user
  }
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
