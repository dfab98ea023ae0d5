/** Bytes of one frame: what fits into one TLS record. Source: RFC 8446, 5.1 */
export const maxFrameBytes = 16_384;

const headBytes = 2;

/** A frame keeps its borders on the way from the control plane through the router: its bytes reach the client in one piece. */
export function encodeFrame(bytes: Uint8Array): Buffer {
  if (bytes.length > maxFrameBytes) throw new Error('Internal: a frame is too long');
  const frame = Buffer.allocUnsafe(headBytes + bytes.length);
  frame.writeUInt16BE(bytes.length);
  frame.set(bytes, headBytes);
  return frame;
}

/** Takes a stream apart into the frames that it was made of. Throws on what is none. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are whole now. */
  push(chunk: Buffer): readonly Buffer[] {
    const frames: Buffer[] = [];
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= headBytes) {
      const length = bytes.readUInt16BE();
      if (length > maxFrameBytes) throw new Error('Internal: a frame is too long');
      if (bytes.length < headBytes + length) break;
      frames.push(bytes.subarray(headBytes, headBytes + length));
      bytes = bytes.subarray(headBytes + length);
    }
    this.#rest = bytes;
    return frames;
  }
}
