const blockBytes = 512;
/** Of one extended header: a name, or a list of attributes. */
const maxHeaderBytes = 1024 * 1024;
const maxNameBytes = 4096;

export interface TarLimits {
  /** Of all files together. */
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Every member lies in this folder, `./app`. */
  readonly folder?: string;
}

/** What a tarball holds that is not taken, in words for whoever made it. */
export class TarFault extends Error {
  override readonly name = 'TarFault';
  /** Null: it is not about size. */
  readonly sizeBytes: number | null;

  constructor(message: string, sizeBytes: number | null = null) {
    super(message);
    this.sizeBytes = sizeBytes;
  }
}

/**
 * Reads the headers of a tar stream from a stranger before anything of it is unpacked, and throws a `TarFault` at the first
 * member that is not a plain part of one folder: an absolute name, `..`, a hard link out, a device, a file with holes
 * (a few bytes can claim any size), more bytes or members than allowed. Symbolic links may point anywhere, as in a
 * commit; nothing is written through them. Formats: v7, ustar, GNU long names, pax. Source: tar(5)
 */
export class TarCheck {
  readonly #limits: TarLimits;
  #pending = Buffer.alloc(0);
  /** Bytes of the present member that are still to come, padding included. */
  #skip = 0;
  /** An extended header that is being read. */
  #extended: { readonly type: string; bytes: number; readonly chunks: Buffer[]; padding: number } | null = null;
  #next: { path?: string; link?: string; size?: number } = {};
  #isOver = false;
  #sizeBytes = 0;
  #entries = 0;

  constructor(limits: TarLimits) {
    this.#limits = limits;
  }

  /** The end of the archive was seen; what comes after it means nothing. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get entries(): number {
    return this.#entries;
  }

  push(chunk: Buffer): void {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (!this.#isOver && rest.length > 0) {
      if (this.#skip > 0) {
        const taken = Math.min(this.#skip, rest.length);
        this.#skip -= taken;
        rest = rest.subarray(taken);
      } else if (this.#extended !== null) {
        rest = this.#readExtended(rest);
      } else {
        if (rest.length < blockBytes) break;
        this.#readHeader(rest.subarray(0, blockBytes));
        rest = rest.subarray(blockBytes);
      }
    }
    this.#pending = Buffer.from(rest);
  }

  /** The stream has ended. */
  end(): void {
    const isCut = this.#skip > 0 || this.#extended !== null || this.#pending.length > 0;
    if (!this.#isOver && isCut) throw new TarFault('the archive ends in the middle of a file');
  }

  #readHeader(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#isOver = true;
      return;
    }
    if (!hasRightSum(block)) throw new TarFault('it is not a tar archive, or it is damaged');
    const type = String.fromCharCode(block[156] ?? 0);
    const size = this.#next.size ?? numberAt(block, 124, 12);
    const padding = (blockBytes - (size % blockBytes)) % blockBytes;
    if ('LKxg'.includes(type)) {
      if (size > maxHeaderBytes) throw new TarFault('a name or an attribute in it is far too long');
      this.#extended = { type, bytes: size, chunks: [], padding };
      if (size === 0) this.#extended = null;
      return;
    }
    const { path = nameOf(block), link = textAt(block, 157, 100) } = this.#next;
    this.#next = {};
    this.#checkMember(type, path, link, size);
    const hasContent = type === '0' || type === '\0' || type === '7';
    this.#skip = hasContent ? size + padding : 0;
    if (!hasContent && size > 0 && type !== '1')
      throw new TarFault(`${show(path)} has a type that has no content, and content`);
    // Of hard links some writers repeat the content and others its size only: what follows can't be known.
    if (type === '1' && size > 0) throw new TarFault(`the hard link ${show(path)} has content`);
  }

  #checkMember(type: string, path: string, link: string, size: number): void {
    checkPath(path, path, this.#limits.folder);
    if (type === '1') checkPath(link, `the target of the hard link ${path}`, this.#limits.folder);
    if (!'0\x007125'.includes(type)) {
      const kind = { '3': 'a device', '4': 'a device', '6': 'a FIFO', S: 'a sparse file' }[type];
      throw new TarFault(`${show(path)} is ${kind ?? 'of an unknown type'}; only files, folders and links are taken`);
    }
    this.#entries += 1;
    this.#sizeBytes += size;
    const { maxBytes, maxEntries } = this.#limits;
    if (this.#sizeBytes > maxBytes) {
      throw new TarFault(`its files have more than ${maxBytes} bytes in all`, this.#sizeBytes);
    }
    if (this.#entries > maxEntries) throw new TarFault(`it has more than ${maxEntries} files and folders`);
  }

  #readExtended(rest: Buffer): Buffer {
    const extended = this.#extended;
    if (extended === null) throw new Error('Internal: no extended header is being read');
    const chunk = rest.subarray(0, extended.bytes);
    extended.chunks.push(Buffer.from(chunk));
    extended.bytes -= chunk.length;
    if (extended.bytes > 0) return rest.subarray(chunk.length);
    this.#extended = null;
    this.#skip = extended.padding;
    const content = Buffer.concat(extended.chunks);
    if (extended.type === 'L') this.#next.path ??= cString(content);
    else if (extended.type === 'K') this.#next.link ??= cString(content);
    else this.#takeAttributes(content, extended.type === 'g');
    return rest.subarray(chunk.length);
  }

  #takeAttributes(content: Buffer, isGlobal: boolean): void {
    for (const [key, value] of paxRecords(content)) {
      if (key.startsWith('GNU.sparse')) throw new TarFault('it holds a sparse file; make it with tar without --sparse');
      if (key !== 'path' && key !== 'linkpath' && key !== 'size') continue;
      if (isGlobal) throw new TarFault(`it has a global ${key} for all its files`);
      if (key === 'size') {
        if (!/^\d{1,15}$/.test(value)) throw new TarFault('the size of a file in it is not a number');
        this.#next.size = Number(value);
      } else this.#next[key === 'path' ? 'path' : 'link'] = value;
    }
  }
}

function checkPath(path: string, what: string, folder: string | undefined): void {
  if (path === '' || path.length > maxNameBytes) throw new TarFault(`${show(what)} is empty or far too long`);
  if (path.startsWith('/'))
    throw new TarFault(`${show(what)} is an absolute path; make the archive from inside the folder`);
  if (path.split('/').includes('..')) throw new TarFault(`${show(what)} leads out of the archive with ..`);
  if (folder !== undefined && path !== folder && !path.startsWith(`${folder}/`)) {
    throw new TarFault(`${show(what)} does not lie in ${folder}`);
  }
}

/** Unsigned, with the checksum's own field taken as blanks. */
function hasRightSum(block: Buffer): boolean {
  let sum = 0;
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return numberAt(block, 148, 8) === sum;
}

/** Octal text, or base 256 when the first bit is set, as GNU writes large sizes. */
function numberAt(block: Buffer, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) {
    const number = first === 0x80 ? field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0) : Infinity;
    if (!Number.isSafeInteger(number)) throw new TarFault('the size of a file in it is impossible');
    return number;
  }
  const text = cString(field).trim();
  if (!/^[0-7]*$/.test(text)) throw new TarFault('it is not a tar archive, or it is damaged');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

function nameOf(block: Buffer): string {
  const name = textAt(block, 0, 100);
  // GNU's own format has other things where ustar has the prefix.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? textAt(block, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textAt(block: Buffer, start: number, length: number): string {
  return cString(block.subarray(start, start + length));
}

/** Latin-1 keeps every byte. */
function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
}

/** `<length> <key>=<value>\n`, the length counting itself. */
function* paxRecords(content: Buffer): Generator<readonly [string, string]> {
  let start = 0;
  while (start < content.length) {
    const blank = content.indexOf(0x20, start);
    const digits = blank === -1 ? '' : content.toString('latin1', start, blank);
    const end = start + Number(digits);
    const record = content.toString('latin1', blank + 1, end - 1);
    const equals = record.indexOf('=');
    if (!/^\d{1,8}$/.test(digits) || end > content.length || end <= blank + 1 || equals === -1) {
      throw new TarFault('an attribute in it is malformed');
    }
    yield [record.slice(0, equals), record.slice(equals + 1)];
    start = end;
  }
}

function show(path: string): string {
  const text = Buffer.from(path, 'latin1').toString('utf8');
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
}
