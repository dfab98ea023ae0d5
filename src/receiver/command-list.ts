import { flushPacket, packetLength } from './pkt-line.ts';

/** What a push asks for, read from the start of its request while git is not yet running. */
export interface CommandList {
  readonly refs: readonly string[];
  readonly capabilities: ReadonlySet<string>;
}

export type CommandListState =
  | { readonly is: 'incomplete' }
  | { readonly is: 'complete'; readonly list: CommandList }
  | { readonly is: 'too-many'; readonly list: CommandList }
  | { readonly is: 'malformed' };

/** More than a shallow client of any size sends before its commands. */
const maxListBytes = 8 * 1024 * 1024;

/**
 * Reads the packets up to the first flush: `shallow` lines and commands `old SP new SP ref`, the first with the client's
 * capabilities behind a NUL. Git parses them again and decides; this reading only bounds and answers.
 * Source: gitprotocol-pack(5), "Reference Update Request and Packfile Transfer".
 */
export function readCommandList(bytes: Buffer, maxRefs: number): CommandListState {
  const refs: string[] = [];
  let capabilities: ReadonlySet<string> = new Set();
  for (let at = 0; ;) {
    const length = packetLength(bytes, at);
    if (length === 'invalid') return { is: 'malformed' };
    if (length === 0) {
      // The other special packets (0001 to 0003) have no meaning in a push.
      const isFlush = bytes.subarray(at, at + 4).equals(flushPacket);
      return isFlush ? { is: 'complete', list: { refs, capabilities } } : { is: 'malformed' };
    }
    if (length === null || at + length > bytes.length) {
      return bytes.length > maxListBytes ? { is: 'malformed' } : { is: 'incomplete' };
    }
    const [line = '', told] = bytes
      .toString('utf8', at + 4, at + length)
      .replace(/\n$/, '')
      .split('\0', 2);
    at += length;
    if (told !== undefined) capabilities = new Set(told.trim().split(/ +/));
    if (/^shallow [0-9a-f]{40,64}$/.test(line)) continue;
    const [, ref] = /^[0-9a-f]{40,64} [0-9a-f]{40,64} (.+)$/.exec(line) ?? [];
    if (ref === undefined) return { is: 'malformed' };
    refs.push(ref);
    if (refs.length > maxRefs) return { is: 'too-many', list: { refs, capabilities } };
  }
}

export function usesSideband({ capabilities }: CommandList): boolean {
  return capabilities.has('side-band-64k') || capabilities.has('side-band');
}
