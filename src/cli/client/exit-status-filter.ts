const marker = Buffer.from('\uFFFF heroku-command-exit-status: ');

/**
 * Takes the line `U+FFFF heroku-command-exit-status: N` out of what a dyno prints, however it is cut into chunks, and
 * keeps N. Bytes stay as they are, save that CRLF becomes LF where no terminal reads.
 */
export class ExitStatusFilter {
  status: number | null = null;
  readonly #seeksStatus: boolean;
  readonly #keepsCarriageReturns: boolean;
  #held = Buffer.alloc(0);

  constructor(options: { readonly seeksStatus: boolean; readonly keepsCarriageReturns: boolean }) {
    this.#seeksStatus = options.seeksStatus;
    this.#keepsCarriageReturns = options.keepsCarriageReturns;
  }

  push(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.#held, chunk]);
    const keep = this.#firstUnsure(bytes);
    this.#held = bytes.subarray(keep);
    return this.#clean(bytes.subarray(0, keep));
  }

  /** What was held back. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    const at = this.#seeksStatus ? rest.indexOf(marker) : -1;
    if (at === -1) return this.#clean(rest);
    const [said = '', digits] = /^(\d{1,3})\r?\n?/.exec(rest.toString('latin1', at + marker.length)) ?? [];
    if (digits !== undefined) this.status = Number(digits);
    return this.#clean(Buffer.concat([rest.subarray(0, at), rest.subarray(at + marker.length + said.length)]));
  }

  /** Where what could still become a marker or a CRLF begins. */
  #firstUnsure(bytes: Buffer): number {
    if (this.#seeksStatus) {
      const whole = bytes.indexOf(marker);
      if (whole !== -1) return whole;
      for (let length = Math.min(marker.length - 1, bytes.length); length > 0; length -= 1) {
        if (bytes.subarray(bytes.length - length).equals(marker.subarray(0, length))) return bytes.length - length;
      }
    }
    const endsWithCr = !this.#keepsCarriageReturns && bytes.at(-1) === 0x0d;
    return endsWithCr ? bytes.length - 1 : bytes.length;
  }

  #clean(bytes: Buffer): Buffer {
    if (this.#keepsCarriageReturns || !bytes.includes('\r\n')) return bytes;
    return Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
  }
}
