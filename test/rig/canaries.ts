import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A secret that is nowhere else, under the name of what it is used as. */
export interface Canary {
  readonly name: string;
  /** Letters and digits, so that no encoding of a URL, of JSON or of a shell changes it. */
  readonly text: string;
}

/** Where a canary was found; `form` tells how it was written. */
export interface Sighting {
  readonly canary: string;
  readonly place: string;
  readonly form: string;
}

/** Larger files are read in pieces of this; they are images of disks, of which most is zeros. */
const pieceBytes = 16 * 1024 * 1024;
const zeros = Buffer.alloc(pieceBytes);

/** How every canary begins. */
export const canaryMark = 'cnry';

export function newCanary(name: string): Canary {
  return { name, text: `${canaryMark}${randomBytes(15).toString('hex')}` };
}

/** Where canaries are searched: bytes of all kinds, each with the name of its place. */
export class CanarySearch {
  readonly sightings: Sighting[] = [];
  readonly #needles: readonly { readonly canary: string; readonly form: string; readonly bytes: Buffer }[];
  /** So that a search that looked at nothing is not taken for one that found nothing. */
  readonly places = new Set<string>();

  constructor(canaries: readonly Canary[]) {
    this.#needles = canaries.flatMap(({ name, text }) =>
      formsOf(text).map(([form, needle]) => ({ canary: name, form, bytes: Buffer.from(needle, 'latin1') })),
    );
  }

  look(place: string, content: string | Buffer): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.places.add(place);
    for (const { canary, form, bytes: needle } of this.#needles) {
      if (bytes.includes(needle)) this.sightings.push({ canary, place, form });
    }
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) this.#lookInside(place, bytes);
  }

  /** Every file below `dir`, its name too. Files that go meanwhile are no matter. */
  lookInFolder(place: string, dir: string): void {
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = `${place}${path.slice(dir.length)}`;
      this.look(`${name} (name)`, path);
      if (!entry.isFile()) continue;
      try {
        if (statSync(path).size > pieceBytes) this.#lookInPieces(name, path);
        else this.look(name, readFileSync(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  #lookInPieces(place: string, path: string): void {
    const longest = Math.max(...this.#needles.map(({ bytes }) => bytes.length));
    const file = openSync(path, 'r');
    try {
      const piece = Buffer.allocUnsafe(pieceBytes);
      // Each begins with the end of the one before, where a canary may have been cut in two.
      for (let start = 0; ; start += pieceBytes - longest) {
        const bytes = piece.subarray(0, readSync(file, piece, 0, pieceBytes, start));
        if (bytes.length <= longest) return;
        if (!bytes.equals(zeros.subarray(0, bytes.length))) this.look(place, bytes);
      }
    } finally {
      closeSync(file);
    }
  }

  #lookInside(place: string, bytes: Buffer): void {
    try {
      this.look(`${place} (unpacked)`, gunzipSync(bytes));
    } catch {
      this.places.add(`${place} (no gzip)`);
    }
  }
}

/** Raw, in hex, and in base64 from whichever of three bytes on it begins; standard and URL-safe are the same for these. */
function formsOf(text: string): readonly (readonly [form: string, needle: string])[] {
  const bytes = Buffer.from(text, 'latin1');
  const hex = bytes.toString('hex');
  const shifted = [0, 1, 2].map((shift) => {
    const base64 = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // The letters that its neighbours have a part in are left out.
    return ['base64', base64.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))] as const;
  });
  return [['as it is', text], ['hex', hex], ['hex', hex.toUpperCase()], ...shifted];
}
