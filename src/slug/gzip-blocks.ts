import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { hashOf, type EarlierMembers } from './member-index.ts';

const gzipAsync = promisify(gzip);

/** Part of the slug's format: another value makes other bytes of the same tree. */
export const gzipBlockBytes = 1024 * 1024;
/** Part of the slug's format, too. Level 6 takes 60% more time than this and saves 4% of the bytes. */
const level = 4;

export interface GzipMember {
  /** SHA-256 of the block that it holds. */
  readonly blockHash: Buffer;
  readonly bytes: Buffer;
}

/**
 * Compresses blocks of exactly 1 MiB (the last one may be shorter) into gzip members, which together are one valid gzip
 * file (RFC 1952, 2.2). The split is fixed, so the bytes do not depend on how many cores shared the work; each block is
 * compressed on libuv's thread pool, so the event loop stays free. Not `pigz`: a machine without it would make other bytes.
 * A block that an earlier slug has too is taken from there: the same block gives the same member.
 */
export async function* gzipBlocks(
  chunks: AsyncIterable<Buffer>,
  earlier: EarlierMembers | null,
): AsyncGenerator<GzipMember> {
  // One more than there are cores, so that none idles while the next block is read; the pool's other threads read files.
  const width = Math.min(availableParallelism(), 3) + 1;
  const running: Promise<GzipMember>[] = [];
  try {
    for await (const block of fixedBlocks(chunks)) {
      const member = compress(block, earlier);
      member.catch(() => undefined); // Awaited in order below.
      running.push(member);
      const first = running.length > width ? running.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (const member of running) yield await member;
  } finally {
    await Promise.allSettled(running);
  }
}

async function compress(block: Buffer, earlier: EarlierMembers | null): Promise<GzipMember> {
  const blockHash = hashOf(block);
  const bytes = (await earlier?.find(blockHash)) ?? (await gzipAsync(block, { level }));
  return { blockHash, bytes };
}

async function* fixedBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let block = Buffer.allocUnsafe(gzipBlockBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length;) {
      const copied = chunk.copy(block, filled, offset);
      offset += copied;
      filled += copied;
      if (filled < gzipBlockBytes) continue;
      yield block;
      block = Buffer.allocUnsafe(gzipBlockBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
