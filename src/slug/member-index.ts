import { createHash } from 'node:crypto';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { writeFileAtomic } from '../lib/atomic-file.ts';

/** SHA-256 of the block (32), of its gzip member (32), offset (6) and length (4) of the member. */
const entryBytes = 32 + 32 + 6 + 4;

/**
 * Where in a slug each uncompressed block lies as a finished gzip member. A slug of the next build takes the members of
 * blocks that have not changed from there instead of compressing them again: in a redeploy, nearly all.
 * A file beside the slug; without it, or with a damaged one, everything is compressed anew.
 */
export class MemberIndex {
  readonly #entries: Buffer[] = [];
  #offset = 0;

  /** Members have to be added in their order in the slug. */
  add(blockHash: Buffer, member: Buffer): void {
    const entry = Buffer.alloc(entryBytes);
    blockHash.copy(entry);
    hashOf(member).copy(entry, 32);
    entry.writeUIntBE(this.#offset, 64, 6);
    entry.writeUInt32BE(member.length, 70);
    this.#entries.push(entry);
    this.#offset += member.length;
  }

  async write(path: string): Promise<void> {
    const entries = Buffer.concat(this.#entries);
    await writeFileAtomic(path, Buffer.concat([hashOf(entries), entries]), 0o600);
  }
}

export function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

interface Place {
  readonly memberHash: Buffer;
  readonly offset: number;
  readonly length: number;
}

/** The members of an earlier slug. */
export class EarlierMembers implements AsyncDisposable {
  readonly #places: ReadonlyMap<string, Place>;
  readonly #slug: FileHandle;

  private constructor(places: ReadonlyMap<string, Place>, slug: FileHandle) {
    this.#places = places;
    this.#slug = slug;
  }

  /** Null when there is nothing that can be used. */
  static async open(slugPath: string, indexPath: string): Promise<EarlierMembers | null> {
    const index = await readFile(indexPath).catch(() => null);
    if (index === null) return null;
    const entries = index.subarray(32);
    if (entries.length % entryBytes !== 0 || !hashOf(entries).equals(index.subarray(0, 32))) return null;
    const slug = await open(slugPath, 'r').catch(() => null);
    if (slug === null) return null;
    const places = new Map<string, Place>();
    for (let at = 0; at < entries.length; at += entryBytes) {
      places.set(entries.toString('latin1', at, at + 32), {
        memberHash: entries.subarray(at + 32, at + 64),
        offset: entries.readUIntBE(at + 64, 6),
        length: entries.readUInt32BE(at + 70),
      });
    }
    return new EarlierMembers(places, slug);
  }

  /** The finished gzip member of a block with this SHA-256, if the earlier slug has it undamaged. */
  async find(blockHash: Buffer): Promise<Buffer | null> {
    const place = this.#places.get(blockHash.toString('latin1'));
    if (place === undefined) return null;
    const member = Buffer.alloc(place.length);
    await this.#slug.read(member, 0, place.length, place.offset);
    return hashOf(member).equals(place.memberHash) ? member : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#slug.close();
  }
}
