/** What the parser found wrong with a request after its head had been taken: a bad chunk of its body. */
export class RequestFault {
  #cause: string | null = null;
  #tell: ((cause: string) => void)[] = [];

  get cause(): string | null {
    return this.#cause;
  }

  raise(cause: string): void {
    if (this.#cause !== null) return;
    this.#cause = cause;
    for (const tell of this.#tell) tell(cause);
    this.#tell = [];
  }

  /** Called at once if it is there already. */
  whenRaised(tell: (cause: string) => void): void {
    if (this.#cause === null) this.#tell.push(tell);
    else tell(this.#cause);
  }
}
