import { join } from 'node:path';
import type { Sha256 } from '../model/ids.ts';
import type { RunningBuild } from './build-input.ts';
import { FailedBuild } from './failed-build.ts';
import { formatSize } from './format-size.ts';
import { folderLeftAt } from './work-folder.ts';

/** Packs the built tree, and saves the cache meanwhile. */
export async function compress(build: RunningBuild, dir: string): Promise<{ sha256: Sha256; sizeBytes: number }> {
  const { input, tools, screen } = build;
  screen.line();
  screen.line('-----> Compressing...');
  const [packing, saving] = await Promise.allSettled([packSlug(build, dir), keepCache(build)]);
  if (packing.status === 'rejected') throw packing.reason;
  if (saving.status === 'rejected') throw saving.reason;

  const { sha256, sizeBytes } = packing.value;
  // The built tree is what the slug unpacks to: unpacking it again would only cost time.
  await tools.slugs.keepUnpacked(sha256, input.app.uid, dir);
  return { sha256, sizeBytes };
}

async function packSlug(build: RunningBuild, dir: string): Promise<{ sha256: Sha256; sizeBytes: number }> {
  const { input, tools, screen } = build;
  const { slugMaxBytes: maxBytes, slugSoftBytes: softBytes } = input.limits;
  const signal = AbortSignal.any([input.signal, AbortSignal.timeout(input.limits.timeoutMs)]);
  const packed = await tools.slugs.pack({
    dir,
    limits: { maxBytes, softBytes },
    like: input.lastSlug,
    signal,
  });
  if (packed.status === 'too-large') {
    throw new FailedBuild({ reason: 'slug-too-large', sizeBytes: packed.sizeBytes, maxBytes });
  }
  for (const path of packed.skipped.slice(0, 10)) {
    screen.line(` !     Warning: ${path} is a socket, a FIFO or a device; it is not in the slug.`);
  }
  screen.line(`       Done: ${formatSize(packed.sizeBytes)}`);
  if (packed.sizeBytes > softBytes) {
    const [size, limit] = [Math.round(packed.sizeBytes / 2 ** 20), Math.round(softBytes / 2 ** 20)];
    screen.line(
      ` !     Warning: Your slug size (${size} MB) exceeds our soft limit (${limit} MB) which may affect boot time.`,
    );
  }
  return packed;
}

async function keepCache({ input, tools, work, screen }: RunningBuild): Promise<void> {
  const left = await folderLeftAt(work, work.cachePath);
  const isKept = await tools.caches.save(input.app.id, left ?? join(work.dir, 'no-cache'), input.signal);
  if (!isKept) screen.line(' !     Warning: the disk is full, the cache of this build was not kept.');
}

/** Gets the app's cache ready in a place that scripts can't reach. */
export async function fetchCache({ input, tools, work, screen }: RunningBuild): Promise<string> {
  const restored = join(work.dir, 'restored-cache');
  const isRestored = await tools.caches.restore(input.app.id, restored, input.signal);
  if (!isRestored) screen.line(' !     Warning: the disk is full, this build starts without its cache.');
  return restored;
}
