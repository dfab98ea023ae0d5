import type { Logs } from './log.ts';

/** Stories that go on after their request was answered. */
export class BackgroundWork {
  readonly #running = new Set<Promise<void>>();
  readonly #logs: Logs;

  constructor(logs: Logs) {
    this.#logs = logs;
  }

  add(what: string, work: Promise<unknown>): void {
    const watched = work.then(
      () => undefined,
      (error: unknown) => {
        this.#logs.platform.error({ what, err: error }, 'background work failed');
      },
    );
    this.#running.add(watched);
    void watched.then(() => this.#running.delete(watched));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
