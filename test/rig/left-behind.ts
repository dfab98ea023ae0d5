import { readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlatformRig } from './platform-rig.ts';

/** Resolves once nothing is left of what the platform did for pushes that have ended; throws with the list after 10 s. */
export async function nothingLeftBehind(rig: PlatformRig): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const left = await leftBehind(rig);
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`left behind:\n${left.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Work folders, quarantines, locks and half files in the data folder, temporary files, folders of dynos that are gone, processes. */
export async function leftBehind(rig: PlatformRig): Promise<readonly string[]> {
  const temporary = (await readdir(join(rig.home, 'tmp'))).map((name) => `tmp/${name}`);
  const dynos = await liveDynos(rig);
  const folders = (await readdir(join(rig.dataDir, 'dynos'))).filter((id) => !dynos.has(id)).map((id) => `dynos/${id}`);
  return [...(await halfDone(rig)), ...temporary, ...folders, ...(await strayProcesses(rig, dynos))];
}

async function halfDone(rig: PlatformRig): Promise<readonly string[]> {
  const matching = async (folder: string, pattern: RegExp): Promise<string[]> =>
    (await readdir(join(rig.dataDir, folder)).catch(() => []))
      .filter((name) => pattern.test(name))
      .map((name) => `${folder}/${name}`);
  const found = [
    ...(await matching('builds', /./)),
    ...(await matching('slugs', /^tmp-/)),
    ...(await matching('slugs/unpacked', /^tmp-/)),
    ...(await matching('repos', /^\.(new|gone)-/)),
  ];
  for (const cache of await matching('cache', /./)) found.push(...(await matching(cache, /^tmp-/)));
  for (const repo of await matching('repos', /\.git$/)) {
    found.push(...(await matching(repo, /\.lock$/)));
    found.push(...(await matching(`${repo}/objects`, /^(tmp_|incoming-)/)));
    found.push(...(await matching(`${repo}/objects/pack`, /^\.?tmp|\.(lock|keep)$/)));
    const refs = await readdir(join(rig.dataDir, repo, 'refs'), { recursive: true });
    found.push(...refs.filter((name) => name.endsWith('.lock')).map((name) => `${repo}/refs/${name}`));
  }
  return found;
}

async function liveDynos(rig: PlatformRig): Promise<ReadonlySet<string>> {
  const apps = (await rig.api('GET', '/apps')).json as { name: string }[];
  const ids = new Set<string>();
  for (const { name } of apps) {
    const dynos = (await rig.api('GET', `/apps/${name}/dynos`)).json as { id: string }[];
    for (const { id } of dynos) ids.add(id);
  }
  return ids;
}

/** Children of the control plane, except the router; and who works in the data folder, except the router and the trees of live dynos' supervisors. */
async function strayProcesses(rig: PlatformRig, dynos: ReadonlySet<string>): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = new Map<number, Process>();
  for (const process of await Promise.all(pids.map(look))) if (process !== null) all.set(process.pid, process);

  const isStray = (process: Process): boolean => {
    if (process.pid === rig.pid || process.command.includes('router-process.js')) return false;
    const parent = all.get(process.parent);
    if (parent?.pid === rig.pid) return !isSupervisor(process);
    const dyno = process.cwd.startsWith(`${rig.dataDir}/dynos/`) ? process.cwd.split('/dynos/')[1] : undefined;
    if (isSupervisor(process)) return dyno !== undefined && !dynos.has(dyno.slice(0, 36));
    if (!`${process.command} ${process.cwd}`.includes(rig.dataDir)) return false;
    for (let above = parent; above !== undefined; above = all.get(above.parent)) if (isSupervisor(above)) return false;
    return true;
  };
  return [...all.values()].filter(isStray).map(({ pid, command, cwd }) => `process ${pid} ${command} in ${cwd}`);
}

function isSupervisor({ command }: Process): boolean {
  return command.includes('hokku-supervisor');
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly cwd: string;
}

/** Null when it has ended meanwhile. */
async function look(pid: string): Promise<Process | null> {
  const [status, command, cwd] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
  ]);
  // `pid (name) state parent ...`; the name may hold anything.
  const parent = /^\S+ .*\) \S (\d+) /s.exec(status)?.[1];
  if (parent === undefined) return null;
  return { pid: Number(pid), parent: Number(parent), command: command.replaceAll('\0', ' '), cwd };
}
