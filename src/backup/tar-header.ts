/** One block of a tar archive. */
export const blockBytes = 512;

/** What a backup is made of: plain files, named as the backup itself names them. */
export interface TarMember {
  readonly name: string;
  readonly size: number;
}

/** A ustar header with mode 0600 and no owner. `name`: at most 100 bytes. Source: tar(5) */
export function encodeHeader({ name, size }: TarMember, at: Date): Buffer {
  const block = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(name) > 100) throw new Error(`Internal: ${name} is too long for an archive`);
  block.write(name, 0);
  block.write('0000600\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(sizeField(size), 124, 'latin1');
  block.write(`${octal(Math.floor(at.getTime() / 1000), 11)} `, 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  block.write(sumField(block), 148, 'latin1');
  return block;
}

/** Null for the block of zeros that ends an archive; `invalid` for everything that `encodeHeader` does not write. */
export function parseHeader(block: Buffer): TarMember | null | 'invalid' {
  if (block.every((byte) => byte === 0)) return null;
  const isPlain = block[156] === 0x30 && block.toString('latin1', 257, 265) === 'ustar\x0000';
  if (!isPlain || block.toString('latin1', 148, 156) !== sumField(block) || block[345] !== 0) return 'invalid';
  const size = sizeAt(block);
  return size === null ? 'invalid' : { name: textAt(block, 0, 100), size };
}

export function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

/** Beyond 8 GiB, where octal digits end, as GNU tar writes it. */
function sizeField(size: number): string {
  if (size < 8 ** 11) return `${octal(size, 11)} `;
  const field = Buffer.alloc(12);
  field[0] = 0x80;
  field.writeUIntBE(size, 6, 6);
  return field.toString('latin1');
}

function sizeAt(block: Buffer): number | null {
  if (block[124] === 0x80) return block.readUIntBE(130, 6);
  const text = textAt(block, 124, 12).trim();
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : null;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** Of all bytes, with the field itself taken as blanks. */
function sumField(block: Buffer): string {
  let sum = 0;
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return `${octal(sum, 6)}\0 `;
}

function textAt(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}
