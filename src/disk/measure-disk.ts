import { basename } from 'node:path';
import { spawn } from '../lib/spawn.ts';

/** The folders of a data folder, as they are measured. */
export interface DiskPaths {
  readonly repos: string;
  readonly slugs: string;
  readonly sources: string;
  readonly streams: string;
  readonly cache: string;
  readonly builds: string;
  readonly dynos: string;
  readonly logs: string;
}

export interface DiskUsage {
  /** Bytes on disk of each folder. */
  readonly totals: Readonly<Record<keyof DiskPaths, number>>;
  /** Bytes on disk of what lies directly in each folder, by its name. */
  readonly parts: Readonly<Record<keyof DiskPaths, ReadonlyMap<string, number>>>;
  /** Of the unpacked slugs, by `<sha256>-<uid>`. */
  readonly unpacked: ReadonlyMap<string, number>;
}

const timeoutMs = 60_000;
const names = ['repos', 'slugs', 'sources', 'streams', 'cache', 'builds', 'dynos', 'logs'] as const;

/** What lies where: blocks, not file sizes. What disappears meanwhile counts as far as it was seen. 100,000 files take about half a second. */
export async function measureDisk(paths: DiskPaths, signal?: AbortSignal): Promise<DiskUsage> {
  const unpacked = await measureFolder(`${paths.slugs}/unpacked`, signal);
  const measured = await Promise.all(
    names.map(async (name) => [name, await measureFolder(paths[name], signal)] as const),
  );
  return {
    totals: Object.fromEntries(measured.map(([name, { total }]) => [name, total])) as DiskUsage['totals'],
    parts: Object.fromEntries(measured.map(([name, { parts }]) => [name, parts])) as DiskUsage['parts'],
    unpacked: unpacked.parts,
  };
}

export async function measureFolder(
  dir: string,
  signal?: AbortSignal,
): Promise<{ readonly total: number; readonly parts: ReadonlyMap<string, number> }> {
  const args = ['-n', '10', 'du', '--block-size=1', '--one-file-system', '--null', '--all', '--max-depth=1', '--', dir];
  const options = { env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' }, timeoutMs };
  // Its exit status also tells of files that went away, which is no fault.
  const { stdout } = await spawn('nice', args, signal === undefined ? options : { ...options, signal });
  const parts = new Map<string, number>();
  let total = 0;
  for (const line of stdout.toString('utf8').split('\0')) {
    const [, size, path] = /^(\d+)\t(.*)$/s.exec(line) ?? [];
    if (size === undefined || path === undefined) continue;
    if (path === dir) total = Number(size);
    else parts.set(basename(path), Number(size));
  }
  return { total, parts };
}
