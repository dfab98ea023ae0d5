/** The framing of git's wire protocol. Source: gitprotocol-common(5), pkt-line format. */
export const flushPacket = Buffer.from('0000');

/** Longest payload of one packet. */
const maxPayload = 65_516;

export function packet(payload: string | Uint8Array): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  if (bytes.length > maxPayload) throw new Error('Internal: a packet line of more than 65,516 bytes');
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

/** `1`: data for the client's git, `2`: text for its user. Packets fit into `side-band` of 1,000 bytes too. */
export function sideband(band: 1 | 2, payload: string | Uint8Array): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 990) {
    parts.push(packet(Buffer.concat([Buffer.from([band]), bytes.subarray(at, at + 990)])));
  }
  return Buffer.concat(parts);
}

/** Length of the packet that starts at `at`: 4 and more, 0 for a special packet (flush), null if it is not all there yet. */
export function packetLength(bytes: Buffer, at: number): number | null | 'invalid' {
  if (bytes.length < at + 4) return null;
  const digits = bytes.toString('latin1', at, at + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) return 'invalid';
  const length = Number.parseInt(digits, 16);
  if (length < 4) return 0;
  return length;
}

/** Follows a stream of packets, in chunks of any size, so that one knows where another packet may be put in. */
export class PacketFollower {
  #header = Buffer.alloc(0);
  #left = 0;

  /** True between two packets. */
  get atBoundary(): boolean {
    return this.#left === 0 && this.#header.length === 0;
  }

  follow(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at);
        this.#left -= step;
        at += step;
        continue;
      }
      const need = 4 - this.#header.length;
      this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + need)]);
      at += need;
      const length = packetLength(this.#header, 0);
      if (length === null) continue;
      this.#header = Buffer.alloc(0);
      this.#left = length === 'invalid' || length === 0 ? 0 : length - 4;
    }
  }
}
