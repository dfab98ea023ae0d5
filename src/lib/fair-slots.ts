/** So many jobs at once. The next free slot is for the owner with the fewest jobs under way; among equals, for who came first. */
export class FairSlots<Owner> {
  readonly total: number;
  readonly #underWay = new Map<Owner, number>();
  #waiting: readonly Waiter<Owner>[] = [];

  constructor(total: number) {
    this.total = total;
  }

  get taken(): number {
    return [...this.#underWay.values()].reduce((sum, count) => sum + count, 0);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when the owner has a slot, or when `signal` ends the wait; disposing frees it. `onWait`: there was none free. */
  async take(owner: Owner, signal: AbortSignal, onWait: () => void): Promise<Disposable> {
    if (this.taken < this.total) return this.#give(owner);
    if (signal.aborted) return noSlot;
    onWait();
    return await new Promise((resolve) => {
      const start = (slot: Disposable): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        signal.removeEventListener('abort', giveUp);
        resolve(slot);
      };
      const giveUp = (): void => {
        start(noSlot);
      };
      const waiter = { owner, start };
      this.#waiting = [...this.#waiting, waiter];
      signal.addEventListener('abort', giveUp);
    });
  }

  #give(owner: Owner): Disposable {
    this.#underWay.set(owner, this.#countOf(owner) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = this.#countOf(owner) - 1;
        if (left > 0) this.#underWay.set(owner, left);
        else this.#underWay.delete(owner);
        this.#startNext();
      },
    };
  }

  #startNext(): void {
    const [next] = this.#waiting.toSorted((a, b) => this.#countOf(a.owner) - this.#countOf(b.owner));
    if (next === undefined || this.taken >= this.total) return;
    next.start(this.#give(next.owner));
  }

  #countOf(owner: Owner): number {
    return this.#underWay.get(owner) ?? 0;
  }
}

interface Waiter<Owner> {
  readonly owner: Owner;
  readonly start: (slot: Disposable) => void;
}

const noSlot: Disposable = { [Symbol.dispose]: () => undefined };
