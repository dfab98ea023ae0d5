import type { Footprint } from './footprint.ts';

const megabyte = 1024 * 1024;

/** What a deploy adds before anything can be let go. */
const betweenCollections = 8 * megabyte;
/** Connections of visitors and clients that are open at the moment of a count. */
const openConnections = 60;
/** A record of what was done stays for each; every other table has as many rows as there are things. */
const growing: ReadonlySet<string> = new Set(['releases', 'builds', 'slugs', 'audit_entries']);
const mostRows = 60;

const mostFiles: Readonly<Record<string, number>> = {
  builds: 0,
  dynos: 4,
  // With what is known of each beside it; those of the newest 20 releases, and what a quota in force leaves besides.
  slugs: 2 * 200,
  'slugs/unpacked': 8,
  sources: 0,
  cache: 1,
  // The platform's own mark, while it collects.
  holds: 1,
  repos: 1,
};

/** Throws with everything that has grown beyond its bound after so many deploys. */
export function checkFootprint(now: Footprint, before: Footprint, deploys: number): void {
  const bounds: readonly (readonly [what: string, value: number, most: number])[] = [
    [
      'descriptors of the control plane',
      now.controlPlane.descriptors,
      before.controlPlane.descriptors + openConnections,
    ],
    ['descriptors of the router', now.router.descriptors, before.router.descriptors + openConnections],
    ['bytes on disk', now.usedBytes, now.quotaBytes + betweenCollections],
    // Packed in the background from 20 on: 19 that the last look has left, 20 pushes since, and those of meanwhile.
    ['packs', now.packs, 50],
    ['loose objects', now.looseObjects, 1_000],
    ...Object.entries(now.files).map(
      ([folder, count]) => [`entries of ${folder}`, count, mostFiles[folder] ?? 0] as const,
    ),
    ...Object.entries(now.rows).map(
      ([table, count]) => [`rows of ${table}`, count, mostRows + (growing.has(table) ? 3 * deploys : 0)] as const,
    ),
  ];
  const passed = bounds.filter(([, value, most]) => value > most);
  if (passed.length > 0) throw new Error(passed.map(([what, value, most]) => `${what}: ${value} > ${most}`).join('\n'));
}

/**
 * Throws unless the median memory of the last fifth is that of the deploys 100 to 300 of a thousand, the same part of fewer:
 * 15 % or 20 MB more is still flat. Of fewer than 100 deploys nothing can be said.
 */
export function checkMemory(samples: readonly number[], what: string): void {
  if (samples.length < 100) return;
  const [early, late] = [median(part(samples, 0.1, 0.3)), median(part(samples, 0.8, 1))];
  const most = early + Math.max(early * 0.15, 20 * megabyte);
  if (late > most)
    throw new Error(`the memory of ${what} grows: ${inMegabytes(early)} early, ${inMegabytes(late)} late`);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function part<T>(values: readonly T[], from: number, to: number): readonly T[] {
  return values.slice(Math.floor(values.length * from), Math.ceil(values.length * to));
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / megabyte)} MB`;
}
