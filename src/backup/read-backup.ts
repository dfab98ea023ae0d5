import { createHash, type Hash } from 'node:crypto';
import {
  damaged,
  headerName,
  isMemberName,
  manifestName,
  maxJsonBytes,
  parseBackupHeader,
  parseManifest,
  type BackupHeader,
  type ManifestEntry,
} from './manifest.ts';
import { blockBytes, paddingOf, parseHeader } from './tar-header.ts';

/** What is done with the members. Nothing of them can be relied on before `readBackup` has returned. */
export interface BackupHandler {
  /** Of the first member, before any other. */
  onHeader(header: BackupHeader): Promise<void>;
  /** The content has to be read to its end. */
  onMember(name: string, content: AsyncIterable<Buffer>): Promise<void>;
}

/**
 * Reads a backup once, from its beginning to its end. Throws `invalid_params` when a byte is missing, too many or another
 * one: every member is compared with the manifest, and every name and kind with those that a backup can have.
 */
export async function readBackup(source: AsyncIterable<Buffer>, handler: BackupHandler): Promise<BackupHeader> {
  const input = new Input(source);
  const found = new Map<string, ManifestEntry>();
  let header: BackupHeader | null = null;
  for (;;) {
    const block = await input.take(blockBytes);
    const member = block === null ? 'invalid' : parseHeader(block);
    if (block === null || member === null) throw damaged('it ends too early');
    if (member === 'invalid' || !isMemberName(member.name))
      throw damaged('it is not an archive that `hokku backup` writes');
    const { name, size } = member;
    if (found.has(name)) throw damaged(`it holds ${name} twice`);
    if ((header === null) !== (name === headerName)) throw damaged('its first part is missing');
    const hash = createHash('sha256');
    const content = input.content(size, name, hash);
    if (name === manifestName) {
      compare(parseManifest(await textOf(content, size)), found);
      await requireEnd(input, size);
      if (header === null) throw damaged('its first part is missing');
      return header;
    }
    if (name === headerName) {
      header = parseBackupHeader(await textOf(content, size));
      await handler.onHeader(header);
    } else await handler.onMember(name, content);
    found.set(name, { name, size, sha256: hash.digest('hex') });
    await takePadding(input, size);
  }
}

function compare(manifest: readonly ManifestEntry[], found: ReadonlyMap<string, ManifestEntry>): void {
  for (const { name, size, sha256 } of manifest) {
    const member = found.get(name);
    if (member === undefined) throw damaged(`${JSON.stringify(name)} is missing`);
    if (member.size !== size || member.sha256 !== sha256)
      throw damaged(`the checksum of ${name} is not the one it was made with`);
  }
  if (manifest.length !== found.size) throw damaged('it holds more than its list of contents says');
}

async function requireEnd(input: Input, size: number): Promise<void> {
  await takePadding(input, size);
  for (let blocks = 0; ; blocks += 1) {
    const block = await input.take(blockBytes);
    if (block === null && blocks >= 2) return;
    // Copied through tape tools, it may end in more zeros.
    if (block === null || block.some((byte) => byte !== 0)) throw damaged('its end is not whole');
  }
}

async function takePadding(input: Input, size: number): Promise<void> {
  const padding = paddingOf(size);
  if (padding === 0) return;
  const bytes = await input.take(padding);
  if (bytes === null || bytes.some((byte) => byte !== 0)) throw damaged('it ends too early');
}

async function textOf(content: AsyncIterable<Buffer>, size: number): Promise<string> {
  if (size > maxJsonBytes) throw damaged('a list in it is far too long');
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Bytes in the pieces that are asked for. */
class Input {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Null at the end; fewer than asked for are damage. */
  async take(size: number): Promise<Buffer | null> {
    while (this.#rest.length < size) {
      const next = await this.#source.next();
      if (next.done === true) {
        if (this.#rest.length > 0) throw damaged('it ends too early');
        return null;
      }
      this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    }
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }

  async *content(size: number, name: string, hash: Hash): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) throw damaged(`it ends in the middle of ${name}`);
        this.#rest = next.value;
      }
      const chunk = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(chunk.length);
      left -= chunk.length;
      hash.update(chunk);
      yield chunk;
    }
  }
}
