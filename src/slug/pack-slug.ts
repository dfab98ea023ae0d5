import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { Sha256 } from '../model/ids.ts';
import { gzipBlocks } from './gzip-blocks.ts';
import { MemberIndex, type EarlierMembers } from './member-index.ts';
import { tarTree } from './tar-tree.ts';
import { tidyTree } from './tidy-tree.ts';

export interface PackLimits {
  /** Of the compressed slug. Ten times as much is allowed before compression. */
  readonly maxBytes: number;
  /** Not enforced here: whoever packs warns above it. */
  readonly softBytes: number;
}

export type PackOutcome =
  | {
      readonly status: 'packed';
      readonly sha256: Sha256;
      readonly sizeBytes: number;
      /** Sockets, FIFOs and devices that were left out. */
      readonly skipped: readonly string[];
      readonly members: MemberIndex;
    }
  /** `sizeBytes` is what had been written when the limit was passed, or the size of the tree that is far too large to try. */
  | { readonly status: 'too-large'; readonly sizeBytes: number };

const maxUnpackedFactor = 10;

/**
 * Writes the tree as `./app/...` into a tar.gz at `file`, synced to disk. The same tree gives the same bytes on every machine
 * with the same Node.js (another zlib may compress differently). The tree is tidied first (see tidyTree), so that it is
 * what the slug unpacks to. `earlier` saves time and changes nothing. On any failure `file` is removed.
 */
export async function packSlug(
  dir: string,
  file: string,
  limits: PackLimits,
  earlier: EarlierMembers | null,
  signal: AbortSignal,
): Promise<PackOutcome> {
  const tree = await tidyTree(dir, signal);
  if (tree.sizeBytes > limits.maxBytes * maxUnpackedFactor) return { status: 'too-large', sizeBytes: tree.sizeBytes };
  let isWhole = false;
  try {
    const written = await writeSlug(dir, file, limits.maxBytes, earlier, signal);
    if (written.sha256 === null) return { status: 'too-large', sizeBytes: written.sizeBytes };
    isWhole = true;
    const { sha256, sizeBytes, members } = written;
    return { status: 'packed', sha256, sizeBytes, skipped: tree.removed, members };
  } finally {
    if (!isWhole) await rm(file, { force: true });
  }
}

async function writeSlug(
  dir: string,
  file: string,
  maxBytes: number,
  earlier: EarlierMembers | null,
  signal: AbortSignal,
): Promise<{ readonly sha256: Sha256 | null; readonly sizeBytes: number; readonly members: MemberIndex }> {
  const hash = createHash('sha256');
  const members = new MemberIndex();
  let sizeBytes = 0;
  const target = await open(file, 'wx', 0o600);
  try {
    for await (const { blockHash, bytes } of gzipBlocks(tarTree(dir, signal), earlier)) {
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) return { sha256: null, sizeBytes, members };
      members.add(blockHash, bytes);
      hash.update(bytes);
      await target.write(bytes);
    }
    await target.sync();
  } finally {
    await target.close();
  }
  return { sha256: hash.digest('hex') as Sha256, sizeBytes, members };
}
