/** Things to close, the last opened first. (`AsyncDisposableStack` is missing in Node 20.) */
export class Disposables implements AsyncDisposable {
  readonly #stack: (() => Promise<void>)[] = [];

  use<T extends AsyncDisposable>(resource: T): T {
    this.#stack.push(async () => resource[Symbol.asyncDispose]());
    return resource;
  }

  defer(close: () => Promise<void>): void {
    this.#stack.push(close);
  }

  /** Closes everything, even when one of them fails; the first failure is thrown at the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#stack.pop(); close !== undefined; close = this.#stack.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
