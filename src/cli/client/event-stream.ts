export interface StreamEvent {
  /** The last id that the stream named, this event's or an earlier one's. */
  readonly id: string | null;
  readonly data: string;
}

const maxBufferedChars = 4 * 1024 * 1024;

/** Cuts an event stream into events, however it arrives. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class EventStreamParser {
  /** What the platform wants clients to wait before they come back. */
  retryMs: number | null = null;
  #buffer = '';
  #data: string[] = [];
  #id: string | null = null;

  /** Throws when a line never ends. */
  push(text: string): readonly StreamEvent[] {
    this.#buffer += text;
    const lines = this.#buffer.split(/\r\n|\n|\r(?!$)/);
    this.#buffer = lines.pop() ?? '';
    if (this.#buffer.length > maxBufferedChars) throw new Error('the log stream has a line without end');
    return lines.flatMap((line) => this.#take(line) ?? []);
  }

  #take(line: string): StreamEvent | null {
    if (line === '') {
      const data = this.#data.join('\n');
      const isEvent = this.#data.length > 0;
      this.#data = [];
      return isEvent ? { id: this.#id, data } : null;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d{1,6}$/.test(value)) this.retryMs = Number(value);
    return null;
  }
}
