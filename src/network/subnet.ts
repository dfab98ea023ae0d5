import { isIPv4 } from 'node:net';

/** A block of IPv4 addresses; `base` as a number. */
export interface Block {
  readonly base: number;
  readonly bits: number;
}

/** Addresses for the sandboxes of one platform: 4,093 of them and the bridge's. */
export const subnetBits = 20;

/** Private ranges to take a subnet from, the roomiest first; the last two are for machines with a route to all of the others. */
const ranges: readonly Block[] = ['10.0.0.0/8', '172.16.0.0/12', '198.18.0.0/15', '100.64.0.0/10'].map(parseBlock);
const triesPerRange = 64;

/** `10.1.0.0/16`, or an address alone. Throws for anything else. */
export function parseBlock(text: string): Block {
  const [address = '', bits = '32'] = text.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) throw new Error(`Not an IPv4 block: ${text}`);
  return blockAt(numberOf(address), Number(bits));
}

export function formatBlock({ base, bits }: Block): string {
  return `${formatAddress(base)}/${bits}`;
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

export function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function overlap(one: Block, other: Block): boolean {
  const bits = Math.min(one.bits, other.bits);
  return blockAt(one.base, bits).base === blockAt(other.base, bits).base;
}

/**
 * Subnets to try, in order. `seed` sets where the search begins, so that platforms that start at the same moment on one
 * machine look in different places, and go on to different ones. Those that overlap with something in `used` are left out.
 */
export function* freeSubnets(seed: number, used: readonly Block[]): Generator<Block> {
  // Odd, so that every place is come by.
  const stride = 2 * Math.floor(seed / 2 ** 13) + 1;
  for (const range of ranges) {
    const count = 2 ** (subnetBits - range.bits);
    for (let n = 0; n < Math.min(count, triesPerRange); n += 1) {
      const place = (seed + n * stride) % count;
      const block = blockAt(range.base + place * 2 ** (32 - subnetBits), subnetBits);
      if (!used.some((other) => overlap(block, other))) yield block;
    }
  }
}

/** Its lower and its upper half. */
export function halves({ base, bits }: Block): readonly [Block, Block] {
  return [
    { base, bits: bits + 1 },
    { base: base + 2 ** (31 - bits), bits: bits + 1 },
  ];
}

function blockAt(address: number, bits: number): Block {
  const size = 2 ** (32 - bits);
  return { base: Math.floor(address / size) * size, bits };
}
