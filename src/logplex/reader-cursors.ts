/** A dyno is a new reader with each start; those silent for longest are forgotten. */
const maxReaders = 1000;

/** How far each reader of an app's output had come with what is in the log. */
export class ReaderCursors {
  readonly #positions = new Map<string, number>();

  get(reader: string): number | null {
    return this.#positions.get(reader) ?? null;
  }

  merge(cursors: Readonly<Record<string, number>>): void {
    for (const [reader, position] of Object.entries(cursors)) {
      this.#positions.delete(reader);
      this.#positions.set(reader, position);
    }
    for (const reader of this.#positions.keys()) {
      if (this.#positions.size <= maxReaders) break;
      this.#positions.delete(reader);
    }
  }

  toRecord(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#positions);
  }
}
