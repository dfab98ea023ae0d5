/**
 * Runs jobs of one key one after the other, in arrival order; jobs of different keys run side by side.
 * A place in the queue belongs to a live job of this process: when the process is gone, so is every lock.
 */
export class KeyedQueue<Key> {
  readonly #queues = new Map<Key, Waiter[]>();

  /** Jobs of this key that are running or waiting. */
  length(key: Key): number {
    return this.#queues.get(key)?.length ?? 0;
  }

  /** `onPlace(n)` is called with the number of jobs ahead, at arrival if there are any and whenever one of them ends. */
  async run<T>(key: Key, job: () => Promise<T>, onPlace?: (ahead: number) => void): Promise<T> {
    const queue = this.#queues.get(key) ?? [];
    this.#queues.set(key, queue);
    const ahead = queue.length;
    const waiter: Waiter = { start: () => undefined, moved: onPlace };
    const turn = new Promise<void>((resolve) => {
      waiter.start = resolve;
    });
    queue.push(waiter);
    if (ahead > 0) {
      onPlace?.(ahead);
      await turn;
    }
    try {
      return await job();
    } finally {
      queue.shift();
      if (queue.length === 0) this.#queues.delete(key);
      queue.forEach((other, index) => {
        if (index === 0) other.start();
        else other.moved?.(index);
      });
    }
  }
}

interface Waiter {
  start: () => void;
  readonly moved: ((ahead: number) => void) | undefined;
}
