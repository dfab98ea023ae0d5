import type { BuildOutput } from '../model/build.ts';

const tailBytes = 64 * 1024;
const lineFeed = 0x0a;

/**
 * What the pusher sees of a build. The scripts' output is passed on untouched, up to a bound: whoever reads it may be slower
 * than it is written, and what waits for them lies in memory. Of what is beyond the bound the end is kept, and shown last.
 */
export class BuildScreen {
  readonly #output: BuildOutput;
  readonly #maxBytes: number;
  #passedBytes = 0;
  #leftOutBytes = 0;
  #endsLine = true;
  /** The last output of the running script, for the search for a cause. */
  #tail: Buffer[] = [];
  #tailSize = 0;

  constructor(output: BuildOutput, maxBytes: number) {
    this.#output = output;
    this.#maxBytes = maxBytes;
  }

  /** One line of our own. */
  line(text = ''): void {
    this.#endLine();
    this.#output.write(`${text}\n`);
  }

  /** The indented text below a heading. */
  indent(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) this.line(`       ${line}`);
  }

  beginScript(): void {
    this.#tail = [];
    this.#tailSize = 0;
    this.#leftOutBytes = 0;
  }

  readonly script = (chunk: Buffer): void => {
    this.#remember(chunk);
    const room = Math.max(0, this.#maxBytes - this.#passedBytes);
    const passed = chunk.subarray(0, room);
    this.#leftOutBytes += chunk.length - passed.length;
    if (passed.length === 0) return;
    this.#passedBytes += passed.length;
    this.#endsLine = passed.at(-1) === lineFeed;
    this.#output.write(passed);
  };

  /** Shows the end of what was left out, if anything was. */
  endScript(): void {
    this.#endLine();
    if (this.#leftOutBytes === 0) return;
    const end = this.tail().subarray(-Math.min(this.#leftOutBytes, 8192));
    const hidden = this.#leftOutBytes - end.length;
    this.line(` !     ${hidden} bytes of output are left out here: a build shows at most ${this.#maxBytes}.`);
    this.#output.write(end.subarray(end.indexOf(lineFeed) + 1));
    this.#endsLine = end.at(-1) === lineFeed;
    this.#endLine();
  }

  /** The end of the last script's output, at most 64 KB. */
  tail(): Buffer {
    return Buffer.concat(this.#tail).subarray(-tailBytes);
  }

  #remember(chunk: Buffer): void {
    const kept = Buffer.from(chunk.subarray(-tailBytes));
    this.#tail.push(kept);
    this.#tailSize += kept.length;
    while (this.#tailSize - (this.#tail[0]?.length ?? 0) >= tailBytes)
      this.#tailSize -= this.#tail.shift()?.length ?? 0;
    // Many tiny chunks would cost more than what they hold.
    if (this.#tail.length > 256) this.#tail = [Buffer.concat(this.#tail)];
  }

  #endLine(): void {
    if (!this.#endsLine) this.#output.write('\n');
    this.#endsLine = true;
  }
}
