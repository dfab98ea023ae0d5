/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to `below` - 1. */
  int(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  chance(oneIn: number): boolean {
    return this.int(oneIn) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)] as T;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.int(256)));
  }
}

/** What breaks parsers of every kind. */
const hard = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '0000',
  'ffff',
  '-1',
  '99999999999999999999',
  '%00',
  '../../',
  '\u0000\uffff',
];

/** One to a few changes of `bytes`: what stays is near enough to the truth to come far into its reader. */
export function mutate(bytes: Buffer, random: Random, tokens: readonly string[] = []): Buffer<ArrayBuffer> {
  let result = Buffer.from(bytes);
  for (let changes = 1 + random.int(4); changes > 0; changes -= 1) result = change(result, random, tokens);
  return result;
}

function change(bytes: Buffer, random: Random, tokens: readonly string[]): Buffer<ArrayBuffer> {
  const at = random.int(bytes.length + 1);
  const length = Math.min(bytes.length - at, 1 + random.int(random.chance(4) ? 200 : 8));
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
  switch (random.int(7)) {
    case 0:
      return Buffer.concat([before, random.bytes(length), after]);
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, piece, piece, after]);
    case 3:
      return Buffer.concat([before, Buffer.from(random.pick([...hard, ...tokens]), 'latin1'), piece, after]);
    case 4:
      return Buffer.concat([before, Buffer.from(random.pick([...hard, ...tokens]), 'latin1'), after]);
    case 5:
      return Buffer.concat([before, ...Array<Buffer>(1 + random.int(50)).fill(piece), after]);
    default:
      return random.chance(3) ? Buffer.from(before) : Buffer.concat([before, flipped(piece, random), after]);
  }
}

function flipped(piece: Buffer, random: Random): Buffer {
  return Buffer.from(piece.map((byte) => byte ^ (1 << random.int(8))));
}

/** Any JSON, not deep. */
export function anyJson(random: Random, depth = 3): unknown {
  const leaves = [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    '',
    'web',
    '~',
    '\u0000',
    '\ud800',
    'x'.repeat(300),
    '*',
    'https://[::1]:0/',
  ];
  if (depth === 0 || random.chance(3)) return random.pick(leaves);
  const items = Array.from({ length: random.int(4) }, () => anyJson(random, depth - 1));
  if (random.chance(2)) return items;
  const keys = ['name', 'id', 'app', 'updates', 'type', 'quantity', 'url', 'constructor', 'toString', '', 'a.b'];
  return Object.fromEntries(items.map((item) => [random.pick(keys), item]));
}
