import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformRig } from './platform-rig.ts';
import { eventually } from './platform-rig.ts';

/**
 * What builds and pushes that are over have left on disk and in the process list; empty when all is clean. `markers`: words
 * in the command lines of processes that must be gone.
 */
function leftBehind(rig: PlatformRig, markers: readonly string[]): readonly string[] {
  const repos = list(join(rig.dataDir, 'repos'));
  return [
    ...list(join(rig.dataDir, 'builds')).map((name) => `builds/${name}`),
    ...repos.flatMap((repo) => {
      const dir = join(rig.dataDir, 'repos', repo);
      const locks = list(dir).filter((name) => name.endsWith('.lock'));
      const quarantines = list(join(dir, 'objects')).filter((name) => /incoming|tmp/.test(name));
      return [...locks, ...quarantines].map((name) => `repos/${repo}/${name}`);
    }),
    ...list(join(rig.dataDir, 'cache')).flatMap((app) =>
      list(join(rig.dataDir, 'cache', app)).filter((name) => !/^\d+(\.spare)?$/.test(name)),
    ),
    ...list(join(rig.dataDir, 'slugs')).filter((name) => !/^([0-9a-f]{64}\.tgz|unpacked)$/.test(name)),
    ...list(join(rig.dataDir, 'slugs', 'unpacked')).filter((name) => !/^[0-9a-f]{64}-\d+$/.test(name)),
    ...processes()
      .filter(({ pid, command, cwd }) => pid !== process.pid && isOf(rig, markers, command, cwd))
      .map(({ pid, command }) => `process ${pid}: ${command.slice(0, 200)}`),
  ];
}

/** Fails when something stays behind for longer than a moment. */
export async function expectNothingLeft(rig: PlatformRig, ...markers: string[]): Promise<void> {
  let left: readonly string[] = [];
  await eventually(
    'a clean platform',
    () => {
      left = leftBehind(rig, markers);
      return Promise.resolve(left.length === 0);
    },
    5_000,
  ).catch(() => {
    throw new Error(`left behind:\n${left.join('\n')}`);
  });
}

function isOf(rig: PlatformRig, markers: readonly string[], command: string, cwd: string): boolean {
  if (markers.some((marker) => command.includes(marker))) return true;
  if (command.includes(join(rig.dataDir, 'repos')) || cwd.startsWith(join(rig.dataDir, 'repos'))) return true;
  return cwd.startsWith(join(rig.dataDir, 'builds')) || command.includes(join(rig.dataDir, 'builds'));
}

interface Process {
  readonly pid: number;
  readonly command: string;
  readonly cwd: string;
}

/** Every process that can be seen; the ones of a sandbox show as well. */
export function processes(): readonly Process[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command === '' ? [] : [{ pid: Number(name), command, cwd: cwdOf(name) }];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
