import { StringDecoder } from 'node:string_decoder';
import type { DynoOutput } from '../model/dyno.ts';
import type { DynoId } from '../model/ids.ts';

export type OutputListener = (output: DynoOutput) => void;

interface Tail {
  readonly decoder: StringDecoder;
  readonly lines: string[];
  /** What follows the last line end. */
  rest: string;
}

const maxLines = 20;
/** Longer lines are cut; what failed is rarely said at the end of one. */
const maxLineLength = 500;
/** Dynos whose tail is kept; the ones that wrote longest ago are forgotten first. */
const maxDynos = 200;

/**
 * Passes on what dynos write to those that wait for it (the pusher during a release phase), and remembers the last lines of
 * each, for whoever has to explain why it did not boot. Fed from the runtime's `onOutput`, beside the log.
 */
export class DynoOutputs {
  readonly #tails = new Map<DynoId, Tail>();
  readonly #listeners = new Map<DynoId, OutputListener>();

  handle(output: DynoOutput): void {
    this.#listeners.get(output.dynoId)?.(output);
    const tail = this.#tails.get(output.dynoId) ?? { decoder: new StringDecoder('utf8'), lines: [], rest: '' };
    this.#tails.delete(output.dynoId);
    this.#tails.set(output.dynoId, tail);
    const lines = (tail.rest + tail.decoder.write(output.bytes)).split('\n');
    tail.rest = (lines.pop() ?? '').slice(0, maxLineLength);
    tail.lines.push(...lines.slice(-maxLines).map((line) => line.slice(0, maxLineLength)));
    tail.lines.splice(0, tail.lines.length - maxLines);
    if (this.#tails.size > maxDynos) this.#forgetOldest();
  }

  /** Calls `listener` for everything this dyno writes from now on, until the returned function is called. One listener per dyno. */
  watch(dynoId: DynoId, listener: OutputListener): () => void {
    this.#listeners.set(dynoId, listener);
    return () => {
      this.#listeners.delete(dynoId);
    };
  }

  /** Oldest first, at most 20, an unfinished last line included. */
  lastLines(dynoId: DynoId): readonly string[] {
    const tail = this.#tails.get(dynoId);
    if (tail === undefined) return [];
    return [...tail.lines, ...(tail.rest === '' ? [] : [tail.rest])].slice(-maxLines);
  }

  // Private

  #forgetOldest(): void {
    const [oldest] = this.#tails.keys();
    if (oldest !== undefined) this.#tails.delete(oldest);
  }
}
